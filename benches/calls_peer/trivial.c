// What a call into C costs at least: nothing, and two floats in and one out.

#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *nothing(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Py_RETURN_NONE;
}

static PyObject *larger(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "two numbers, please");
        return NULL;
    }
    const double a = PyFloat_AsDouble(args[0]), b = PyFloat_AsDouble(args[1]);
    if (PyErr_Occurred()) return NULL;
    return PyFloat_FromDouble(a > b ? a : b);
}

static PyMethodDef methods[] = {
    {"nothing", (PyCFunction)(void (*)(void))nothing, METH_FASTCALL, NULL},
    {"larger", (PyCFunction)(void (*)(void))larger, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "trivial", NULL, -1, methods};

PyMODINIT_FUNC PyInit_trivial(void) { return PyModule_Create(&module); }
