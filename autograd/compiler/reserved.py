"""The names that C has taken: its keywords, and what its library declares, whether or not it is included."""

from __future__ import annotations

__all__ = ["FUNCTIONS_OF_REALS", "RESERVED"]

_KEYWORDS = """
    alignas alignof asm auto bool break case char const constexpr continue default do double else enum
    extern false float for goto if inline int long nullptr register restrict return short signed sizeof
    static static_assert struct switch thread_local true typedef typeof typeof_unqual union unsigned void
    volatile while
"""

_REALS = """
    acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs fdim
    floor fma fmax fmin fmod frexp hypot ilogb ldexp lgamma llrint llround log log10 log1p log2 logb lrint
    lround modf nan nearbyint nextafter nexttoward pow remainder remquo rint round scalbln scalbn sin sinh
    sqrt tan tanh tgamma trunc
"""

_COMPLEX = """
    cabs cacos cacosh carg casin casinh catan catanh ccos ccosh cexp cimag clog conj cpow cproj creal csin
    csinh csqrt ctan ctanh
"""

_MACROS = """
    and and_eq assert bitand bitor compl complex EOF errno EXIT_FAILURE EXIT_SUCCESS FP_FAST_FMA
    FP_FAST_FMAF FP_FAST_FMAL FP_ILOGB0 FP_ILOGBNAN FP_INFINITE FP_NAN FP_NORMAL FP_SUBNORMAL FP_ZERO
    fpclassify HUGE_VAL HUGE_VALF HUGE_VALL I imaginary INFINITY isfinite isgreater isgreaterequal isinf
    isless islessequal islessgreater isnan isnormal isunordered MATH_ERREXCEPT math_errhandling MATH_ERRNO
    MB_CUR_MAX NAN noreturn not not_eq NULL offsetof or or_eq RAND_MAX setjmp signbit stderr stdin stdout
    va_arg va_copy va_end va_start xor xor_eq
"""

_TYPES = """
    clock_t div_t double_t fenv_t fexcept_t FILE float_t fpos_t int16_t int32_t int64_t int8_t intmax_t
    intptr_t jmp_buf ldiv_t lldiv_t mbstate_t ptrdiff_t sig_atomic_t size_t time_t uint16_t uint32_t
    uint64_t uint8_t uintmax_t uintptr_t va_list wchar_t wctrans_t wctype_t wint_t
"""

_OTHERS = """
    abort abs aligned_alloc asctime at_quick_exit atexit atof atoi atol atoll bsearch btowc calloc clearerr
    clock ctime difftime div exit fclose feclearexcept fegetenv fegetexceptflag fegetround feholdexcept feof
    feraiseexcept ferror fesetenv fesetexceptflag fesetround fetestexcept feupdateenv fflush fgetc fgetpos
    fgets fgetwc fgetws fopen fprintf fputc fputs fputwc fputws fread free freopen fscanf fseek fsetpos
    ftell fwide fwprintf fwrite fwscanf getc getchar getenv gets getwc getwchar gmtime imaxabs imaxdiv
    isalnum isalpha isblank iscntrl isdigit isgraph islower isprint ispunct isspace isupper iswalnum
    iswalpha iswblank iswcntrl iswctype iswdigit iswgraph iswlower iswprint iswpunct iswspace iswupper
    iswxdigit isxdigit labs ldiv llabs lldiv localeconv localtime longjmp main malloc mblen mbrlen mbrtowc
    mbsinit mbsrtowcs mbstowcs mbtowc memchr memcmp memcpy memmove memset mktime perror printf putc putchar
    puts putwc putwchar qsort quick_exit raise rand realloc remove rename rewind scanf setbuf setlocale
    setvbuf signal snprintf sprintf srand sscanf strcat strchr strcmp strcoll strcpy strcspn strerror
    strftime strlen strncat strncmp strncpy strpbrk strrchr strspn strstr strtod strtof strtoimax strtok
    strtol strtold strtoll strtoul strtoull strtoumax strxfrm swprintf swscanf system time tmpfile tmpnam
    tolower toupper towctrans towlower towupper ungetc ungetwc vfprintf vfscanf vfwprintf vfwscanf vprintf
    vscanf vsnprintf vsprintf vsscanf vswprintf vswscanf vwprintf vwscanf wcrtomb wcscat wcschr wcscmp
    wcscoll wcscpy wcscspn wcsftime wcslen wcsncat wcsncmp wcsncpy wcspbrk wcsrchr wcsrtombs wcsspn wcsstr
    wcstod wcstof wcstoimax wcstok wcstol wcstold wcstoll wcstombs wcstoul wcstoull wcstoumax wcsxfrm wctob
    wctomb wctrans wctype wmemchr wmemcmp wmemcpy wmemmove wmemset wprintf wscanf
"""

_DIALECTS = """
    drem exp10 finite gamma index j0 j1 jn linux pow10 random roundeven scalb select signgam significand
    sincos unix y0 y1 yn
"""
"""What many compilers declare unless they are told to keep to the standard."""

FUNCTIONS_OF_REALS = frozenset(_REALS.split())
"""The functions of <math.h>, for doubles."""

RESERVED = frozenset(
    [
        *(_KEYWORDS + _MACROS + _TYPES + _OTHERS + _DIALECTS).split(),
        *(name + kind for name in (_REALS + _COMPLEX).split() for kind in ("", "f", "l")),
    ]
)
