// Linked into the static command: it loads no libraries, whatever the libraries inside of it would like to.
//
// libdw loads libdebuginfod where DEBUGINFOD_URLS is set, to ask servers for debug files. In a static program that would bring a
// second glibc into the process.
extern "C" {

void* dlopen(const char*, int) { return nullptr; }
void* dlsym(void*, const char*) { return nullptr; }
int dlclose(void*) { return -1; }
}
