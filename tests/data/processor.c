/* Calls and callbacks through libffi with arguments that processors pass differently; prints "fine" or the failures. */

#include <ffi.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define CHECK(truth) ((truth) ? 0 : (failures++, printf("line %d: %s\n", __LINE__, #truth)))
static int failures;

struct mixed {
    double real;
    int32_t small;
    int64_t large;
};

static struct mixed add(struct mixed to, float f, long double wide, int64_t large)
{
    to.real += f + (double)wide;
    to.small++;
    to.large += large;
    return to;
}

static void called_back(ffi_cif *cif, void *result, void **arguments, void *context)
{
    (void)cif;
    *(double *)result = *(double *)arguments[0] * 2 + *(float *)arguments[1] + *(int64_t *)arguments[2] + *(int *)context;
}

static void check_call(void)
{
    ffi_type *members[] = {&ffi_type_double, &ffi_type_sint32, &ffi_type_sint64, NULL};
    ffi_type structure = {0, 0, FFI_TYPE_STRUCT, members};
    ffi_type *types[] = {&structure, &ffi_type_float, &ffi_type_longdouble, &ffi_type_sint64};
    struct mixed given = {1.5, 2, 3}, result;
    float f = 0.25F;
    long double wide = 4;
    int64_t large = (int64_t)1 << 40;
    void *arguments[] = {&given, &f, &wide, &large};
    ffi_cif cif;
    memset(&result, 0, sizeof result);
    CHECK(ffi_prep_cif(&cif, FFI_DEFAULT_ABI, 4, &structure, types) == FFI_OK);
    ffi_call(&cif, FFI_FN(add), &result, arguments);
    CHECK(result.real == 5.75 && result.small == 3 && result.large == large + 3);
}

static void check_call_back(void)
{
    ffi_type *types[] = {&ffi_type_double, &ffi_type_float, &ffi_type_sint64};
    int context = 5;
    void *code;
    ffi_cif cif;
    ffi_closure *closure = ffi_closure_alloc(sizeof *closure, &code);
    CHECK(closure && ffi_prep_cif(&cif, FFI_DEFAULT_ABI, 3, &ffi_type_double, types) == FFI_OK);
    CHECK(ffi_prep_closure_loc(closure, &cif, called_back, &context, code) == FFI_OK);
    double result = ((double (*)(double, float, int64_t))code)(1.25, 0.5F, (int64_t)1 << 33);
    CHECK(result == 2.5 + 0.5 + 8589934592.0 + 5);
}

static void *thread(void *given)
{
    return given;
}

/* Operations that code generators leave to compiler-rt on some processors. */
static void check_numbers(int three)
{
    volatile int64_t large = INT64_C(-5058728308208465795);
    volatile uint64_t positive = (uint64_t)large;
    volatile long double wide = three;
    volatile double infinite = HUGE_VAL;
    CHECK(large / three == INT64_C(-1686242769402821931) && large % three == -2);
    CHECK((double)positive == 13388015765501085696.0 && (uint64_t)(double)(positive >> 12) == positive >> 12);
    CHECK((double)(1 / wide) == 1.0 / three && isinf(infinite) && sqrt(three * three) == three);
}

int main(int count, char **words)
{
    pthread_t started;
    void *returned;
    CHECK(pthread_create(&started, NULL, thread, words) == 0 && pthread_join(started, &returned) == 0 && returned == words);
    check_call();
    check_call_back();
    check_numbers(count + 2);
    if (!failures)
        puts("fine");
    return failures != 0;
}
