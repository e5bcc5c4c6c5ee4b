"""The greeting."""


def greet(message: str) -> dict[str, str]:
    return {"message": message}
