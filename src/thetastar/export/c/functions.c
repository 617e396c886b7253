//// text:
/* Where a text begins and ends without blanks and, where quotes is not 0, without quotes around it. */
typedef struct {
    const unsigned char *begin, *end;
} model_text;

static model_text model_bare(const char *given, int quotes)
{
    model_text text;
    int round;
    text.begin = (const unsigned char *)given;
    text.end = text.begin;
    while (*text.end) text.end++;
    for (round = 0; round < (quotes ? 3 : 1); round++) {
        for (;;) {
            const int blank = round != 1;
            const long size = (long)(text.end - text.begin);
            if (size > 0 && (blank ? *text.begin == ' ' || (*text.begin >= 9 && *text.begin <= 13)
                                   : *text.begin == '\'' || *text.begin == '"')) text.begin++;
            else if (size > 0 && (blank ? text.end[-1] == ' ' || (text.end[-1] >= 9 && text.end[-1] <= 13)
                                        : text.end[-1] == '\'' || text.end[-1] == '"')) text.end--;
            else if (blank && size > 1 && text.begin[0] == 0xC2 && text.begin[1] == 0xA0) text.begin += 2;
            else if (blank && size > 1 && text.end[-2] == 0xC2 && text.end[-1] == 0xA0) text.end -= 2;
            else break;
        }
    }
    return text;
}

//// equal: text
static int model_equal(model_text text, const char *level)
{
    const unsigned char *at = text.begin, *other = (const unsigned char *)level;
    while (at < text.end && *at == *other) at++, other++;
    return at == text.end && *other == 0;
}

//// letters:
/* The next letter of a UTF-8 text, small: Latin, Greek and Cyrillic letters lose their capitals. */
static unsigned long model_letter(const unsigned char **at)
{
    unsigned long c = *(*at)++;
    if (c >= 0xF0 && (*at)[0] && (*at)[1] && (*at)[2]) {
        c = (c & 7) << 18 | (unsigned long)((*at)[0] & 63) << 12 | (unsigned long)((*at)[1] & 63) << 6 | ((*at)[2] & 63);
        *at += 3;
    } else if (c >= 0xE0 && (*at)[0] && (*at)[1]) {
        c = (c & 15) << 12 | (unsigned long)((*at)[0] & 63) << 6 | ((*at)[1] & 63);
        *at += 2;
    } else if (c >= 0xC0 && (*at)[0]) {
        c = (c & 31) << 6 | ((*at)[0] & 63);
        *at += 1;
    }
    if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3AB) ||
        (c >= 0x410 && c <= 0x42F)) return c + 32;
    if (c >= 0x400 && c <= 0x40F) return c + 80;
    if (((c >= 0x100 && c <= 0x137) || (c >= 0x14A && c <= 0x177)) && c != 0x130) return c | 1;
    if (((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E)) && (c & 1)) return c + 1;
    if (c >= 0x388 && c <= 0x38A) return c + 37;
    if (c == 0x38E || c == 0x38F) return c + 63;
    return c == 0x178 ? 0xFF : c == 0x386 ? 0x3AC : c == 0x38C ? 0x3CC : c == 0x3C2 ? 0x3C3 : c;
}

//// missing: equal
/* Whether a cell says that its value is not known. */
static int model_missing(const char *given)
{
    static const char *const words[] = {@MISSING@};
    unsigned k;
    if (!given) return 1;
    for (k = 0; k < sizeof words / sizeof *words; k++)
        if (model_equal(model_bare(given, 0), words[k])) return 1;
    return 0;
}

//// truth: missing letters
/* 1 for yes, -1 for no, 0 where a text says neither. */
static int model_truth(model_text text)
{
    static const char *const words[] = {"yes", "y", "true", "t", "on", "1", "1.0", "no", "n", "false", "f", "off", "0",
                                        "0.0"};
    int k;
    for (k = 0; k < 14; k++) {
        const unsigned char *at = text.begin, *other = (const unsigned char *)words[k];
        while (at < text.end && *other && model_letter(&at) == *other) other++;
        if (at == text.end && *other == 0) return k < 7 ? 1 : -1;
    }
    return 0;
}

//// boolean: truth
/* Yes and no. spoken is not 0 where every spelling of yes and no counts; the first `yes` levels mean yes. */
static void model_boolean(model_level given, const char *const *levels, int yes, int count, int spoken, int indicator,
                          float *x)
{
    float found = 0;
#ifdef MODEL_CODES
    (void)levels, (void)yes, (void)count, (void)spoken;
    if (given >= 0) found = given > 0 ? 1.0f : -1.0f;
#else
    if (!model_missing(given)) {
        int k = 0;
        while (k < count && !model_equal(model_bare(given, 0), levels[k])) k++;
        if (k < count) found = k < yes ? 1.0f : -1.0f;
        else if (spoken) found = (float)model_truth(model_bare(given, 1));
    }
#endif
    x[0] = found;
    if (indicator) x[1] = found == 0 ? 1.0f : 0.0f;
}

//// decimal: text
/* A number as it is written: whole * 10^power. `1e3`, `1000` and `1_000.0` are one number; `1,5` and `0x10` are none. */
typedef struct {
    unsigned long long whole;
    long power;
    int negative;
} model_decimal;

static int model_digit(const unsigned char *at, const unsigned char *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

static int model_read(model_text text, model_decimal *number)
{
    const unsigned char *at = text.begin, *const end = text.end;
    unsigned long long whole = 0;
    long power = 0, written = 0;
    int digits = 0, point = 0, down = 0;
    number->negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) at++;
    for (; at < end; at++) {
        if (*at == '.' && !point) {
            point = 1;
        } else if (model_digit(at, end)) {
            digits++;
            if (whole < 1000000000000000000ULL) {
                whole = whole * 10 + (unsigned)(*at - '0');
                power -= point;
            } else {
                power += !point;
            }
        } else if (*at == '_' && at > text.begin && model_digit(at - 1, end) && model_digit(at + 1, end)) {
            continue;
        } else {
            break;
        }
    }
    if (!digits) return 0;
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        down = at < end && *at == '-';
        if (at < end && (*at == '-' || *at == '+')) at++;
        if (!model_digit(at, end)) return 0;
        for (; model_digit(at, end); at++)
            if (written < 100000) written = written * 10 + (*at - '0');
        power += down ? -written : written;
    }
    if (at != end) return 0;
    while (whole && whole % 10 == 0) whole /= 10, power++;
    number->whole = whole;
    number->power = whole ? power : 0;
    if (!whole) number->negative = 0;
    return 1;
}

//// find: decimal missing letters
/* Whether two spellings are alike: without blanks and quotes around them and without regard to capitals, numbers by
   their value. */
static int model_alike(model_text text, const char *level)
{
    const model_text other = model_bare(level, 1);
    const unsigned char *at = text.begin, *against = other.begin;
    model_decimal number, wanted;
    const int numeric = model_read(text, &number);
    if (numeric != model_read(other, &wanted)) return 0;
    if (numeric)
        return number.whole == wanted.whole && number.power == wanted.power && number.negative == wanted.negative;
    while (at < text.end && against < other.end)
        if (model_letter(&at) != model_letter(&against)) return 0;
    return at == text.end && against == other.end;
}

/* The place of a level: its own, else that of the only one that is alike; `count` for others, -1 where not known. */
static int model_find(const char *given, const char *const *levels, int count)
{
    const model_text plain = model_bare(given ? given : "", 0), text = model_bare(given ? given : "", 1);
    int k, found = count;
    if (model_missing(given)) return -1;
    for (k = 0; k < count; k++)
        if (model_equal(plain, levels[k])) return k;
    for (k = 0; k < count; k++) {
        if (!model_alike(text, levels[k])) continue;
        if (found != count) return count;
        found = k;
    }
    return found;
}

//// category: find
static int model_place(model_level given, const char *const *levels, int count)
{
#ifdef MODEL_CODES
    (void)levels;
    return given < 0 ? -1 : given < count ? given : count;
#else
    return model_find(given, levels, count);
#endif
}

/* One feature for each level, one for others, one for missing where training had missing cells. */
static void model_category(int place, int count, int missing, float *x)
{
    int k;
    for (k = 0; k < count + 1 + missing; k++) x[k] = 0;
    x[place >= 0 ? place : missing ? count + 1 : count] = 1;
}

//// single: category
/* A category of two levels: -1 and 1; 0 where it is neither. */
static void model_single(int place, float *x)
{
    x[0] = place == 0 ? -1.0f : place == 1 ? 1.0f : 0.0f;
}

//// hashed: category text
/* CRC-32 of a text behind the sign of plus and minus, where signed is not 0. */
static unsigned long model_crc(model_text text, int sign)
{
    unsigned long crc = 0xFFFFFFFFUL;
    const unsigned char plus_minus[2] = {0xC2, 0xB1};
    model_text part;
    int k, round;
    for (round = sign ? 0 : 1; round < 2; round++) {
        part.begin = round ? text.begin : plus_minus;
        part.end = round ? text.end : plus_minus + 2;
        for (; part.begin < part.end; part.begin++) {
            crc ^= *part.begin;
            for (k = 0; k < 8; k++) crc = crc & 1 ? crc >> 1 ^ 0xEDB88320UL : crc >> 1;
        }
    }
    return crc ^ 0xFFFFFFFFUL;
}

/* A category of very many levels: the first `count` have a feature each; the others, named in training or not, share
   `hashed` signed features; the last feature tells how common a level is. */
static void model_hashed(model_level given, const char *const *levels, int count, int rest, const float *common,
                         int missing, int hashed, float *x)
{
    const int place = model_place(given, levels, count + rest), wide = count + 1 + missing;
    int k;
    for (k = 0; k < wide + hashed + 1; k++) x[k] = 0;
    if (place < 0) {
        x[missing ? count + 1 : count] = 1;
    } else if (place < count) {
        x[place] = 1;
        x[wide + hashed] = 1;
    } else {
        model_text text;
        if (place == count + rest) {
            x[count] = 1;
#ifdef MODEL_CODES
            return; /* a code says nothing about the text of a level that training did not see */
#else
            text = model_bare(given, 0);
#endif
        } else {
            text = model_bare(levels[place], 0);
            x[wide + hashed] = common[place - count];
        }
        x[wide + (int)(model_crc(text, 0) % (unsigned long)hashed)] = model_crc(text, 1) & 1 ? 1.0f : -1.0f;
    }
}

//// number:
/* A number: centred, scaled, far outliers drawn in; missing ones at the median. 0 if it is infinite. */
static int model_number(double given, double median, double centre, double scale, double limit, int indicator, float *x)
{
    const int missing = given != given;
    double z = ((missing ? median : given) - centre) / scale;
    if (!missing && given - given != 0) return 0;
    z = z > 1e30 ? 1e30 : z < -1e30 ? -1e30 : z;
    if (limit > 0) z /= sqrt(1 + z / limit * (z / limit));
    x[0] = (float)z;
    if (indicator) x[1] = missing ? 1.0f : 0.0f;
    return 1;
}

//// own:
/* A column's own number for a formula; what is not known counts as the median of the training rows. */
static double model_own(double given, double median)
{
    const double known = given != given ? median : given;
    return known > 1e30 ? 1e30 : known < -1e30 ? -1e30 : known;
}

//// own_level: category own
/* The number that a level of a category is, whether training saw it or not; NAN where a text is no finite number. */
static double model_own_level(model_level given, const char *const *levels, const double *numbers, int count,
                              double median)
{
    const int place = model_place(given, levels, count);
    if (place >= 0 && place < count) return numbers[place];
#ifdef MODEL_CODES
    return model_own(NAN, median);
#else
    if (place < 0) return median;
    {
        model_decimal read;
        double number;
        if (!model_read(model_bare(given, 1), &read)) return NAN;
        number = (double)read.whole;
        number = read.power < 0 ? number / pow(10, (double)-read.power) : number * pow(10, (double)read.power);
        if (number - number != 0) return NAN; /* infinite */
        return model_own(read.negative ? -number : number, median);
    }
#endif
}

//// pieces:
/* How far a number has come through each piece of its range. */
static void model_pieces(float given, const float *edges, int count, float *x)
{
    int k;
    for (k = 0; k < count; k++) {
        const float part = (given - edges[k]) / (edges[k + 1] - edges[k]);
        x[k] = part > 0 ? part < 1 ? part : 1.0f : 0.0f;
    }
}

//// date:
/* Days from 1970 to the first of January of the year in which a day lies. */
static double model_year_begin(double days)
{
    double year = 1970 + floor(days / 365.2425), first;
    for (year += 1;; year -= 1) {
        const double past = year - 1;
        first = 365 * (year - 1970) + floor(past / 4) - floor(past / 100) + floor(past / 400) - 477;
        if (first <= days) return first;
    }
}

/* How far round the cycle (1 year, 2 week, 3 day) a moment is, from 0 to 1. */
static double model_phase(double seconds, int cycle)
{
    const double days = floor(seconds / 86400);
    if (cycle == 3) return (seconds - 86400 * days) / 86400;
    if (cycle == 2) return (days + 3 - 7 * floor((days + 3) / 7)) / 7;
    return (days - model_year_begin(days)) / 365.25;
}

/* A date: a straight trend, and sine and cosine of what comes round again. 0 if it is infinite. Sines are taken in
   double precision: a tree may split between two neighbouring floats of them, as of two years' same day. */
static int model_date_features(double given, double centre, double scale, const unsigned char (*cycles)[2], int count,
                               int indicator, float *x)
{
    const int missing = given != given;
    int k;
    if (!missing && given - given != 0) return 0;
    x[0] = missing ? 0.0f : (float)((given - centre) / scale);
    for (k = 0; k < count; k++) {
        const double angle = missing ? 0 : 6.283185307179586 * cycles[k][1] * model_phase(given, cycles[k][0]);
        x[1 + 2 * k] = missing ? 0 : (float)sin(angle);
        x[2 + 2 * k] = missing ? 0 : (float)cos(angle);
    }
    if (indicator) x[1 + 2 * count] = missing ? 1.0f : 0.0f;
    return 1;
}

//// seconds:
double model_date(int year, int month, int day, int hour, int minute, double second)
{
    const int past = month <= 2 ? year - 1 : year, moved = (month + 9) % 12;
    const double days = 365.0 * past + floor(past / 4.0) - floor(past / 100.0) + floor(past / 400.0) +
                        (153 * moved + 2) / 5 + day - 1 - 719468;
    return 86400 * days + 3600.0 * hour + 60.0 * minute + second;
}

//// image:
/* An image (height, width, channels): every number scaled by its channel. */
static void model_image(const float *given, const float *centre, const float *scale, int count, int channels, float *x)
{
    int k;
    for (k = 0; k < count; k++) x[k] = (given[k] - centre[k % channels]) / scale[k % channels];
}

//// sequence:
/* A sequence (steps, numbers) of any length: the last `most` steps, scaled; missing numbers at the mean. */
static void model_sequence(const float *given, int steps, const float *centre, const float *scale, int numbers,
                           int padded, int most, float *x)
{
    const int first = steps > most ? steps - most : 0;
    int t, k;
    for (t = 0; t < most; t++) {
        int present = 0;
        for (k = 0; k < numbers; k++) {
            const float value = first + t < steps ? given[(first + t) * numbers + k] : NAN;
            x[t * (numbers + padded) + k] = value == value ? (value - centre[k]) / scale[k] : 0;
            present |= value == value;
        }
        if (padded) x[t * (numbers + 1) + numbers] = (float)present;
    }
}

//// sums:
/* y = b + x W with W (inputs, units), the units side by side. */
static void model_sums(const float *x, int inputs, const model_weight *weight, const float *scale, const float *bias,
                       int units, float *y)
{
    int i, o;
    for (o = 0; o < units; o++) y[o] = 0;
    for (i = 0; i < inputs; i++) {
        const float v = x[i];
        const model_weight *const row = weight + (long)i * units;
        if (v == 0) continue;
        for (o = 0; o < units; o++) y[o] += v * (float)row[o];
    }
    if (scale) for (o = 0; o < units; o++) y[o] *= scale[o];
    if (bias) for (o = 0; o < units; o++) y[o] += bias[o];
}

//// dense: sums
static void model_dense(const float *x, int rows, int inputs, const model_weight *weight, const float *scale,
                        const float *bias, int units, float *y)
{
    int r;
    for (r = 0; r < rows; r++) model_sums(x + (long)r * inputs, inputs, weight, scale, bias, units, y + (long)r * units);
}

//// window:
/* How a window moves over an image (height, width, channels). */
typedef struct {
    int height, width, channels, rows, columns, filters, tall, wide, down, across, dilation_down, dilation_across, top,
        left, groups;
} model_window;

//// conv2d: window
static void model_conv2d(const model_window *s, const float *x, const model_weight *weight, const float *scale,
                         const float *bias, float *y)
{
    const int C = s->channels / s->groups, F = s->filters / s->groups;
    int i, j, k, m, g, c, o;
    for (i = 0; i < s->rows; i++)
        for (j = 0; j < s->columns; j++) {
            float *const to = y + ((long)i * s->columns + j) * s->filters;
            for (o = 0; o < s->filters; o++) to[o] = 0;
            for (k = 0; k < s->tall; k++)
                for (m = 0; m < s->wide; m++) {
                    const int r = s->top + i * s->down + k * s->dilation_down;
                    const int q = s->left + j * s->across + m * s->dilation_across;
                    const float *const from = x + ((long)r * s->width + q) * s->channels;
                    if (r < 0 || r >= s->height || q < 0 || q >= s->width) continue;
                    for (g = 0; g < s->groups; g++)
                        for (c = 0; c < C; c++) {
                            const float v = from[g * C + c];
                            const model_weight *const row = weight + ((long)(k * s->wide + m) * C + c) * s->filters;
                            if (v == 0) continue;
                            for (o = g * F; o < (g + 1) * F; o++) to[o] += v * (float)row[o];
                        }
                }
            if (scale) for (o = 0; o < s->filters; o++) to[o] *= scale[o];
            if (bias) for (o = 0; o < s->filters; o++) to[o] += bias[o];
        }
}

//// max_pool2d: window
static void model_max_pool2d(const model_window *s, const float *x, float *y)
{
    int i, j, k, m, c;
    for (i = 0; i < s->rows; i++)
        for (j = 0; j < s->columns; j++) {
            float *const to = y + ((long)i * s->columns + j) * s->channels;
            int begun = 0;
            for (k = 0; k < s->tall; k++)
                for (m = 0; m < s->wide; m++) {
                    const int r = s->top + i * s->down + k, q = s->left + j * s->across + m;
                    const float *const from = x + ((long)r * s->width + q) * s->channels;
                    if (r < 0 || r >= s->height || q < 0 || q >= s->width) continue;
                    for (c = 0; c < s->channels; c++)
                        if (!begun || from[c] > to[c]) to[c] = from[c];
                    begun = 1;
                }
        }
}

//// average_pool2d: window
static void model_average_pool2d(const model_window *s, const float *x, float *y)
{
    int i, j, k, m, c;
    for (i = 0; i < s->rows; i++)
        for (j = 0; j < s->columns; j++) {
            float *const to = y + ((long)i * s->columns + j) * s->channels;
            int count = 0;
            for (c = 0; c < s->channels; c++) to[c] = 0;
            for (k = 0; k < s->tall; k++)
                for (m = 0; m < s->wide; m++) {
                    const int r = s->top + i * s->down + k, q = s->left + j * s->across + m;
                    const float *const from = x + ((long)r * s->width + q) * s->channels;
                    if (r < 0 || r >= s->height || q < 0 || q >= s->width) continue;
                    for (c = 0; c < s->channels; c++) to[c] += from[c];
                    count++;
                }
            for (c = 0; c < s->channels; c++) to[c] /= (float)count;
        }
}

//// global_average_pool2d:
static void model_global_average_pool2d(const float *x, int pixels, int channels, float *y)
{
    int p, c;
    for (c = 0; c < channels; c++) y[c] = 0;
    for (p = 0; p < pixels; p++)
        for (c = 0; c < channels; c++) y[c] += x[(long)p * channels + c];
    for (c = 0; c < channels; c++) y[c] /= (float)pixels;
}

//// batch_norm:
/* Normalising by running statistics is a factor and a summand for each channel. */
static void model_batch_norm(float *x, int rows, int channels, const float *factor, const float *summand)
{
    long k;
    for (k = 0; k < (long)rows * channels; k++) x[k] = x[k] * factor[k % channels] + summand[k % channels];
}

//// layer_norm:
static void model_layer_norm(float *x, int rows, int channels, const float *gamma, const float *beta, float epsilon)
{
    int r, c;
    for (r = 0; r < rows; r++, x += channels) {
        float mean = 0, variance = 0, root;
        for (c = 0; c < channels; c++) mean += x[c];
        mean /= (float)channels;
        for (c = 0; c < channels; c++) variance += (x[c] - mean) * (x[c] - mean);
        root = sqrtf(variance / (float)channels + epsilon);
        for (c = 0; c < channels; c++) x[c] = gamma[c] * (x[c] - mean) / root + beta[c];
    }
}

//// softmax_rows:
/* Each row of scores to probabilities; the largest is at most 1 and no power overflows. */
static void model_softmax_rows(float *x, int rows, int channels)
{
    int r, c;
    for (r = 0; r < rows; r++, x += channels) {
        float top = x[0], sum = 0;
        for (c = 1; c < channels; c++) if (x[c] > top) top = x[c];
        for (c = 0; c < channels; c++) sum += x[c] = expf(x[c] - top);
        for (c = 0; c < channels; c++) x[c] /= sum;
    }
}

//// prelu:
/* One alpha for all channels, or one each. */
static void model_prelu(float *x, int count, int alphas, const float *alpha)
{
    int k;
    for (k = 0; k < count; k++) if (!(x[k] > 0)) x[k] *= alpha[k % alphas];
}

//// scale:
/* Each channel by a number of its own. */
static void model_scale(float *x, int count, const float *scale, int channels)
{
    int k;
    for (k = 0; k < count; k++) x[k] *= scale[k % channels];
}

//// parametric:
/* x + alpha (f(x) - x) of each channel; y is f(x) before and that after. */
static void model_parametric(float *y, int count, const float *alpha, int channels, const float *x)
{
    int k;
    for (k = 0; k < count; k++) y[k] = x[k] + alpha[k % channels] * (y[k] - x[k]);
}

//// periodic_embedding:
/* Behind the input, for each of some columns: weighted sums of cosines of it. */
static void model_periodic_embedding(const float *x, int rows, int channels, const int *columns, int count,
                                     int frequencies, int units, const float *frequency, const float *phase,
                                     const float *weight, const float *bias, float *y)
{
    int r, c, n, k, d;
    for (r = 0; r < rows; r++, x += channels, y += channels + count * units) {
        for (c = 0; c < channels; c++) y[c] = x[c];
        for (d = 0; d < count * units; d++) y[channels + d] = bias[d];
        for (n = 0; n < count; n++)
            for (k = 0; k < frequencies; k++) {
                const float turns = frequency[n * frequencies + k] * x[columns[n]];
                const float wave = cosf(6.28318531f * (turns - floorf(turns)) + phase[n * frequencies + k]);
                for (d = n * units; d < (n + 1) * units; d++) y[channels + d] += wave * weight[d * frequencies + k];
            }
    }
}

//// batch_ensemble:
/* Members with one weight between them, each scaled by vectors of its own; apart: each has a row of its own. */
static void model_batch_ensemble(const float *x, int apart, int members, int units, int inputs, const float *weight,
                                 const float *input_scale, const float *output_scale, const float *bias, float *y)
{
    int m, i, o;
    for (m = 0; m < members; m++, y += units, input_scale += inputs, output_scale += units, bias += units) {
        const float *const from = apart ? x + (long)m * inputs : x;
        for (o = 0; o < units; o++) y[o] = 0;
        for (i = 0; i < inputs; i++)
            for (o = 0; o < units; o++) y[o] += from[i] * input_scale[i] * weight[(long)i * units + o];
        for (o = 0; o < units; o++) y[o] = y[o] * output_scale[o] + bias[o];
    }
}

//// embedding:
/* The vector of each category; numbers outside the table give zeros. */
static void model_embedding(const float *x, int count, const float *table, int categories, int units, float *y)
{
    int k, o;
    for (k = 0; k < count; k++)
        for (o = 0; o < units; o++)
            y[(long)k * units + o] = x[k] >= 0 && x[k] < (float)categories ? table[(long)x[k] * units + o] : 0;
}

//// prelu:
/* A learned slope below 0, one for each channel or one for all. */
static void model_prelu(float *x, int count, const float *alpha, int channels)
{
    int k;
    for (k = 0; k < count; k++)
        if (x[k] < 0) x[k] *= alpha[k % channels];
}

//// softmax_rows: softmax
static void model_softmax_rows(float *x, int rows, int channels)
{
    int r;
    for (r = 0; r < rows; r++) model_softmax(x + (long)r * channels, channels, x + (long)r * channels);
}

//// add:
static void model_add(float *y, const float *x, int count)
{
    int k;
    for (k = 0; k < count; k++) y[k] += x[k];
}

//// copy:
static void model_copy(const float *x, int count, float *y)
{
    int k;
    for (k = 0; k < count; k++) y[k] = x[k];
}

//// recurrent: sums sigmoid
/* One direction of a recurrent layer over (steps, features). kind is 1 for a simple layer, 2 for LSTM, 3 for GRU; all
   states are written when `every` is not 0, else the last one. work holds h, c and both groups of sums. */
static void model_recurrent(int kind, const float *x, int steps, int features, const model_weight *weight,
                            const float *scale, const float *bias, const model_weight *recurrent,
                            const float *recurrent_scale, const float *recurrent_bias, int units, int backward,
                            int every, int masked, float mask, int wide, float *work, float *y)
{
    const int gates = kind == 2 ? 4 : kind == 3 ? 3 : 1;
    float *const h = work, *const c = h + units, *const a = c + units, *const b = a + gates * units;
    int k, t, u;
    for (u = 0; u < 2 * units; u++) work[u] = 0;
    for (k = 0; k < steps; k++) {
        const float *row;
        int skipped = masked;
        t = backward ? steps - 1 - k : k;
        row = x + (long)t * features;
        for (u = 0; u < features && skipped; u++) skipped = row[u] == mask;
        if (!skipped) {
            model_sums(row, features, weight, scale, bias, gates * units, a);
            model_sums(h, units, recurrent, recurrent_scale, recurrent_bias, gates * units, b);
            for (u = 0; u < units; u++) {
                if (kind == 1) {
                    h[u] = tanhf(a[u] + b[u]);
                } else if (kind == 2) {
                    c[u] = model_sigmoid(a[units + u] + b[units + u]) * c[u] +
                           model_sigmoid(a[u] + b[u]) * tanhf(a[2 * units + u] + b[2 * units + u]);
                    h[u] = model_sigmoid(a[3 * units + u] + b[3 * units + u]) * tanhf(c[u]);
                } else {
                    const float z = model_sigmoid(a[u] + b[u]), r = model_sigmoid(a[units + u] + b[units + u]);
                    h[u] = z * h[u] + (1 - z) * tanhf(a[2 * units + u] + r * b[2 * units + u]);
                }
            }
        }
        if (every) for (u = 0; u < units; u++) y[(long)t * wide + u] = skipped ? mask : h[u];
    }
    if (!every) for (u = 0; u < units; u++) y[u] = h[u];
}

//// sigmoid:
static float model_sigmoid(float z)
{
    const float e = expf(z < 0 ? z : -z);
    return (z < 0 ? e : 1.0f) / (1 + e);
}

//// softplus:
static float model_softplus(float z)
{
    return (z > 0 ? z : 0) + log1pf(expf(z > 0 ? -z : z));
}

//// linear:
/* s += x (count) times the weights (count, outputs). */
static void model_linear(const float *x, int count, const float *weight, int outputs, double *s)
{
    int i, o;
    for (i = 0; i < count; i++)
        for (o = 0; o < outputs; o++) s[o] += (double)x[i] * (double)*weight++;
}

//// trees:
/* s += the values of every tree's leaf. The children of a node stand side by side; a leaf has none, which is 0. */
static void model_trees(const float *x, const int *feature, const float *threshold, const int *left,
                        const float *value, int width, const int *root, const int *column, int trees, double *s)
{
    int t, k;
    for (t = 0; t < trees; t++) {
        int node = root[t];
        while (left[node]) node = left[node] + (x[feature[node]] > threshold[node]);
        for (k = 0; k < width; k++) s[column[t] + k] += (double)value[(long)node * width + k];
    }
}

//// rising:
/* Puts numbers into rising order. */
static void model_rising(double *x, int count)
{
    int i, k;
    for (i = 1; i < count; i++) {
        const double moved = x[i];
        for (k = i; k > 0 && x[k - 1] > moved; k--) x[k] = x[k - 1];
        x[k] = moved;
    }
}

//// softmax:
/* Scores to probabilities; the largest is at most 1 and no power overflows. */
static void model_softmax(const float *scores, int count, float *probability)
{
    float top = scores[0], sum = 0;
    int k;
    for (k = 1; k < count; k++) if (scores[k] > top) top = scores[k];
    for (k = 0; k < count; k++) sum += probability[k] = expf(scores[k] - top);
    for (k = 0; k < count; k++) probability[k] /= sum;
}
