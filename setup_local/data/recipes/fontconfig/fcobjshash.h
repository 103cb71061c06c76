/* The names of fontconfig's objects, searched one by one: a program that makes perfect hash tables would be needed else. */
struct FcObjectTypeInfo {
    FcObject id;
    const char *name;
};

static const struct FcObjectTypeInfo FcObjectTypes[] = {
#define FC_OBJECT(NAME, Type, Cmp) { FC_##NAME##_OBJECT, FC_##NAME },
#include "fcobjs.h"
#undef FC_OBJECT
};

static const struct FcObjectTypeInfo *
FcObjectTypeLookup (const char *str, FC_GPERF_SIZE_T len)
{
    size_t i;

    for (i = 0; i < sizeof (FcObjectTypes) / sizeof (FcObjectTypes[0]); i++)
	if (strcmp (FcObjectTypes[i].name, str) == 0)
	    return &FcObjectTypes[i];
    return 0;
}
