/* Functions of <complex.h> that Wine's C runtime exports without an implementation, as Microsoft's runtime defines them:
   its complex types are structures, and its long double is a double. */

#define FUNCTION __declspec(dllexport)

struct complex_float { float real, imaginary; };
struct complex_double { double real, imaginary; };

double atan2(double, double);
double _hypot(double, double);

#define PARTS(suffix, result, type) \
    FUNCTION result creal##suffix(type z) { return z.real; } \
    FUNCTION result cimag##suffix(type z) { return z.imaginary; } \
    FUNCTION result cabs##suffix(type z) { return (result)_hypot(z.real, z.imaginary); } \
    FUNCTION result carg##suffix(type z) { return (result)atan2(z.imaginary, z.real); }

PARTS(, double, struct complex_double)
PARTS(f, float, struct complex_float)
PARTS(l, double, struct complex_double)
