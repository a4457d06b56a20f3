"""A web service in small: visitors log in, look at some pages and log out."""
import time

SESSIONS = {}


class Session:
    def __init__(self, user):
        self.user = user
        self.pages = []
        self.draft = bytearray(8000)


def log_in(number):
    session = Session(f"user {number}")
    SESSIONS[number] = session
    return session


def log_out(number):
    session = SESSIONS.pop(number)
    session.pages.clear()


def visit(number):
    session = log_in(number)
    for page in ("home", "basket", "order"):
        session.pages.append(f"{page} of {session.user}")
    log_out(number)


def main():
    for number in range(500):
        visit(number)
        time.sleep(0.002)


if __name__ == "__main__":
    main()
