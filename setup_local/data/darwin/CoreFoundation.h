/* The part of macOS' CoreFoundation that CPython calls: reading arrays, dictionaries, numbers and strings. */
#ifndef SETUP_LOCAL_CORE_FOUNDATION_H
#define SETUP_LOCAL_CORE_FOUNDATION_H

#include <string.h> /* the system's own brings it as well, and CPython counts on that */

#ifdef __cplusplus
extern "C" {
#endif

typedef unsigned char Boolean;
typedef long CFIndex;
typedef const void *CFTypeRef;
typedef const struct __CFAllocator *CFAllocatorRef;
typedef const struct __CFArray *CFArrayRef;
typedef const struct __CFDictionary *CFDictionaryRef;
typedef const struct __CFNumber *CFNumberRef;
typedef const struct __CFString *CFStringRef;
typedef unsigned int CFStringEncoding;
typedef CFIndex CFNumberType;

enum { kCFNumberSInt32Type = 3 };
enum { kCFStringEncodingUTF8 = 0x08000100 };

void CFRelease(CFTypeRef object);
CFIndex CFArrayGetCount(CFArrayRef array);
const void *CFArrayGetValueAtIndex(CFArrayRef array, CFIndex index);
const void *CFDictionaryGetValue(CFDictionaryRef dictionary, const void *key);
Boolean CFNumberGetValue(CFNumberRef number, CFNumberType type, void *value);
CFIndex CFStringGetLength(CFStringRef string);
const char *CFStringGetCStringPtr(CFStringRef string, CFStringEncoding encoding);
Boolean CFStringGetCString(CFStringRef string, char *buffer, CFIndex size, CFStringEncoding encoding);

#ifdef __cplusplus
}
#endif

#endif
