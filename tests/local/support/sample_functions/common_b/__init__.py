NAME = "of-consume"
