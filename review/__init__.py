"""What a plan does, judged and printed. Makes no call."""
