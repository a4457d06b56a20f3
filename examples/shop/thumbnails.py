"""Product pictures, scaled into scratch memory that comes from the C library."""
import ctypes
import zlib

WIDTH, HEIGHT = 48, 36

_libc = ctypes.CDLL(None)
_libc.malloc.restype = ctypes.c_void_p
_libc.malloc.argtypes = [ctypes.c_size_t]
_libc.free.restype = None
_libc.free.argtypes = [ctypes.c_void_p]


def borrow_scratch(size):
    return _libc.malloc(size)  # leak: native scratch buffer


def give_back(address):
    _libc.free(address)


def thumbnail(product_id):
    """The small picture of a product, compressed; empty where the picture has no pixels to show."""
    size = WIDTH * HEIGHT
    pixels = borrow_scratch(size)
    ctypes.memset(pixels, product_id % 256, size)
    if product_id % 3 == 0:  # a vector picture: the browser scales it. This way out forgets to give `pixels` back.
        return b""
    picture = zlib.compress(ctypes.string_at(pixels, size))
    give_back(pixels)
    return picture
