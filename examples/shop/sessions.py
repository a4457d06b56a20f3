"""Who is visiting: one Session per visitor, found again by the cookie."""
import secrets
import threading
import time

COOKIE = "shop_session"
DEFAULT_PREFERENCES = {
    "currency": "EUR", "language": "en", "theme": "light", "newsletter": False, "page_size": 24, "sort": "relevance",
    "show_tax": True, "gift_wrap": False, "country": "DE", "time_zone": "Europe/Berlin", "cookies": "essential",
    "recently_viewed": True, "recommendations": True, "thumbnails": "small", "units": "metric", "font": "sans",
}


class Session:
    def __init__(self, token, user_agent, preferences):
        self.token = token
        self.user_agent = user_agent
        self.preferences = preferences
        self.last_seen = time.monotonic()


SESSIONS = {}
_lock = threading.Lock()


def open_session(user_agent):
    """Starts a session. It ends at /logout only: nobody removes the sessions of visitors who just go away."""
    token = secrets.token_urlsafe(24)
    with _lock:
        SESSIONS[token] = session = Session(token, user_agent, DEFAULT_PREFERENCES.copy())  # leak: forgotten session
    return session


def find_session(token):
    session = SESSIONS.get(token)
    if session is not None:
        session.last_seen = time.monotonic()
    return session


def close_session(session):
    with _lock:
        SESSIONS.pop(session.token, None)
