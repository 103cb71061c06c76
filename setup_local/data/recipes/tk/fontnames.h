/*
 * Tk is made for one of two font systems, with the same function names in both. Compiled with this header, each gets
 * names of its own (-DFONT_SYSTEM_CORE: that of the X server), so that fontsystem.c can choose when Tk starts.
 */
#ifdef FONT_SYSTEM_CORE
# define OF_FONT_SYSTEM(name) TkCore_##name
#else
# define OF_FONT_SYSTEM(name) TkXft_##name
#endif
#define TkDrawAngledChars OF_FONT_SYSTEM(TkDrawAngledChars)
#define Tk_DrawChars OF_FONT_SYSTEM(Tk_DrawChars)
#define Tk_MeasureChars OF_FONT_SYSTEM(Tk_MeasureChars)
#define TkpDeleteFont OF_FONT_SYSTEM(TkpDeleteFont)
#define TkpDrawAngledCharsInContext OF_FONT_SYSTEM(TkpDrawAngledCharsInContext)
#define TkpDrawCharsInContext OF_FONT_SYSTEM(TkpDrawCharsInContext)
#define TkpFontPkgInit OF_FONT_SYSTEM(TkpFontPkgInit)
#define TkpGetFontAttrsForChar OF_FONT_SYSTEM(TkpGetFontAttrsForChar)
#define TkpGetFontFamilies OF_FONT_SYSTEM(TkpGetFontFamilies)
#define TkpGetFontFromAttributes OF_FONT_SYSTEM(TkpGetFontFromAttributes)
#define TkpGetNativeFont OF_FONT_SYSTEM(TkpGetNativeFont)
#define TkpGetSubFonts OF_FONT_SYSTEM(TkpGetSubFonts)
#define TkpMeasureCharsInContext OF_FONT_SYSTEM(TkpMeasureCharsInContext)
