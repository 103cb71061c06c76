/*
 * Gives each of Tk's font functions to one of two font systems: Xft where this machine has fonts, else those of the
 * X server, which always has some. Without the second, Tk could not start in a container that has no font at all.
 * The choice is made once in a process, because a font belongs to the system that made it.
 */
#include "tkUnixInt.h"
#include "tkFont.h"
#include <fontconfig/fontconfig.h>

static int ofServer = -1;

#define CHOOSE(type, name, parameters, arguments) \
    MODULE_SCOPE type TkCore_##name parameters; \
    MODULE_SCOPE type TkXft_##name parameters; \
    type name parameters \
    { \
	return ofServer > 0 ? TkCore_##name arguments : TkXft_##name arguments; \
    }

MODULE_SCOPE void TkCore_TkpFontPkgInit(TkMainInfo *mainPtr);
MODULE_SCOPE void TkXft_TkpFontPkgInit(TkMainInfo *mainPtr);

/* Tk calls this for each application, before it makes the first font. */
void
TkpFontPkgInit(
    TkMainInfo *mainPtr)
{
    if (ofServer < 0) {
	FcFontSet *fonts = FcConfigGetFonts(NULL, FcSetSystem);

	ofServer = fonts == NULL || fonts->nfont == 0;
    }
    if (ofServer) {
	static const Tcl_Config answer[] = {{"fontsystem", "x11"}, {NULL, NULL}};

	TkCore_TkpFontPkgInit(mainPtr);
	Tcl_RegisterConfig(mainPtr->interp, "tk", answer, "utf-8");	/* of Xft, its own code says so */
    } else {
	TkXft_TkpFontPkgInit(mainPtr);
    }
}

CHOOSE(TkFont *, TkpGetNativeFont, (Tk_Window tkwin, const char *name), (tkwin, name))
CHOOSE(TkFont *, TkpGetFontFromAttributes, (TkFont *font, Tk_Window tkwin, const TkFontAttributes *attributes),
	(font, tkwin, attributes))
CHOOSE(void, TkpDeleteFont, (TkFont *font), (font))
CHOOSE(void, TkpGetFontFamilies, (Tcl_Interp *interp, Tk_Window tkwin), (interp, tkwin))
CHOOSE(void, TkpGetSubFonts, (Tcl_Interp *interp, Tk_Font font), (interp, font))
CHOOSE(void, TkpGetFontAttrsForChar, (Tk_Window tkwin, Tk_Font font, int c, TkFontAttributes *attributes),
	(tkwin, font, c, attributes))
CHOOSE(int, Tk_MeasureChars, (Tk_Font font, const char *text, int bytes, int most, int flags, int *length),
	(font, text, bytes, most, flags, length))
CHOOSE(int, TkpMeasureCharsInContext,
	(Tk_Font font, const char *text, int bytes, int start, int count, int most, int flags, int *length),
	(font, text, bytes, start, count, most, flags, length))
CHOOSE(void, Tk_DrawChars,
	(Display *display, Drawable drawable, GC gc, Tk_Font font, const char *text, int bytes, int x, int y),
	(display, drawable, gc, font, text, bytes, x, y))
CHOOSE(void, TkDrawAngledChars,
	(Display *display, Drawable drawable, GC gc, Tk_Font font, const char *text, int bytes, double x, double y,
	double angle),
	(display, drawable, gc, font, text, bytes, x, y, angle))
CHOOSE(void, TkpDrawCharsInContext,
	(Display *display, Drawable drawable, GC gc, Tk_Font font, const char *text, int bytes, int start, int count,
	int x, int y),
	(display, drawable, gc, font, text, bytes, start, count, x, y))
CHOOSE(void, TkpDrawAngledCharsInContext,
	(Display *display, Drawable drawable, GC gc, Tk_Font font, const char *text, int bytes, int start, int count,
	double x, double y, double angle),
	(display, drawable, gc, font, text, bytes, start, count, x, y, angle))
