// What the parts of limpet._core share: references, the agent's functions, and where an object's block begins.
//
// Limited API of 3.11: one file for all Pythons from there on.
#ifndef LIMPET_PYTHON_CORE_H_
#define LIMPET_PYTHON_CORE_H_

#define Py_LIMITED_API 0x030b0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "agent/api.h"

namespace limpet::python {

// A reference that is given back at the end. Steal(): it is ours already; Borrow(): we take one of our own.
class Ref {
 public:
  static Ref Steal(PyObject* object) { return Ref(object); }
  static Ref Borrow(PyObject* object) {
    Py_XINCREF(object);
    return Ref(object);
  }
  Ref() : object_(nullptr) {}
  ~Ref() { Py_XDECREF(object_); }
  Ref(Ref&& other) noexcept : object_(other.Release()) {}
  Ref& operator=(Ref&& other) noexcept {
    PyObject* old = object_;
    object_ = other.Release();
    Py_XDECREF(old);
    return *this;
  }
  Ref(const Ref&) = delete;
  Ref& operator=(const Ref&) = delete;

  explicit operator bool() const { return object_ != nullptr; }
  PyObject* get() const { return object_; }
  PyObject* Release() {
    PyObject* object = object_;
    object_ = nullptr;
    return object;
  }

 private:
  explicit Ref(PyObject* object) : object_(object) {}
  PyObject* object_;
};

extern const LimpetApi* g_api;  // null: the agent is not in this process

// Takes the agent's functions from what dlopen returned, or RTLD_DEFAULT; false: it is not there, or of another version.
bool TakeApi(void* handle);

// Before the object's own fields stand the collector's header, and the words for its dict and its weak references.
const void* BlockOf(PyObject* object);

// tracemalloc's functions (tracemalloc.cc), which limpet._core has as well.
extern PyMethodDef kTraceMethods[];

}  // namespace limpet::python

#endif  // LIMPET_PYTHON_CORE_H_
