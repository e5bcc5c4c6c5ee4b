NAME = "of answer"
