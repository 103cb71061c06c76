#include <pybind11/pybind11.h>

PYBIND11_MODULE(with_pybind11, module)
{
    module.def("add", [](long left, long right) { return left + right; });
}
