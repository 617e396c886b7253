//// series:
/* A series: its values from the first known one, then steps that a method has made. */
typedef struct {
    const double *values;
    long count, made;
    const double *further;
    double lowest; /* where above 0: logarithms, values below count as this */
    long position; /* of the last value, in the count that phases follow from */
    const double *known, *past;
    int number;
    double *work;
    float *floats;
} model_series;

static double model_at(const model_series *s, long t)
{
    double value;
    if (t >= s->count) return s->further[t - s->count];
    value = s->values[t];
#if MODEL_GAPS_ARE_ZERO
    if (value != value) value = 0;
#else
    while (t > 0 && value != value) {
        t = t >= MODEL_SEASON ? t - MODEL_SEASON : t - 1;
        value = s->values[t];
    }
#endif
    return s->lowest > 0 ? log(value > s->lowest ? value : s->lowest) : value;
}

static long model_modulo(long a, long b)
{
    return (a % b + b) % b;
}

//// back:
/* How many steps a time lies behind the step h ahead that is the last whole season before it, or more. */
static long model_back(long h, long season)
{
    return season * ((h + season - 1) / season);
}

//// restless: series
/* How far the values usually lie from those of the season before, the newest and all of them, half and half. */
static double model_restless(const model_series *s)
{
    const double fading = pow(0.5, 1.0 / (4 * (MODEL_SEASON > 7 ? MODEL_SEASON : 7)));
    double size = 0, sum = 0, state = 0, weight = 0, total = 0, floor, average;
    long t, known = 0, moves = 0;
    int round;
    for (t = 0; t < s->count; t++) {
#if MODEL_GAPS_ARE_ZERO
        size += fabs(model_at(s, t));
        known++;
#else
        if (s->values[t] == s->values[t]) size += fabs(s->values[t]), known++;
#endif
    }
    floor = 1e-9 * (size > 0 ? size / (double)known : 1);
    for (round = 0; round < 2; round++) {
        for (t = MODEL_SEASON; t < s->count; t++) {
            double usual, moved;
#if MODEL_GAPS_ARE_ZERO
            moved = fabs(model_at(s, t) - model_at(s, t - MODEL_SEASON));
#else
            moved = fabs(s->values[t] - s->values[t - MODEL_SEASON]);
            if (moved != moved) continue;
#endif
            if (round == 0) {
                sum += moved;
                moves++;
                continue;
            }
            usual = weight > 0 ? 6 * state / weight : -1;
            if (usual > 0 && moved > usual) moved = usual;
            state = fading * state + moved;
            weight = fading * weight + 1;
            total += moved;
        }
        if (moves == 0) return floor;
    }
    average = sum / (double)moves;
    if (1e-3 * average > floor) floor = 1e-3 * average;
    state /= weight;
    total /= (double)moves;
    return sqrt((state > floor ? state : floor) * (total > floor ? total : floor));
}

//// repeated: series back
static void model_repeated(const model_series *s, long lag, int many, int steps, double *y)
{
    int h, k;
    for (h = 1; h <= steps; h++) {
        const long newest = s->count - 1 + h - model_back(h, lag);
        double total = model_at(s, newest >= 0 ? newest : s->count - 1);
        for (k = 1; k < many && newest - k * lag >= 0; k++) total += model_at(s, newest - k * lag);
        y[h - 1] = total / k;
    }
}

//// drift: series
static void model_drift(const model_series *s, int steps, double *y)
{
    const double last = model_at(s, s->count - 1);
    const double slope = (last - model_at(s, 0)) / (double)(s->count > 1 ? s->count - 1 : 1);
    int h;
    for (h = 1; h <= steps; h++) y[h - 1] = last + slope * h;
}

//// mean: series
/* The mean of the last `size` values, of all of them for 0. */
static void model_mean(const model_series *s, long size, int steps, double *y)
{
    const long first = size && size < s->count ? s->count - size : 0;
    const double start = model_at(s, 0);
    double total = 0;
    long t;
    int h;
    for (t = first; t < s->count; t++) total += model_at(s, t) - start;
    for (h = 0; h < steps; h++) y[h] = start + total / (double)(s->count - first);
}

//// smoothing: series back
/* Level, season and usual error from the first few cycles; `behind` values more than this series has the longest. */
static double model_start(const model_series *s, long begin, int m, long behind, double *season, double *scale)
{
    const long count = s->count - begin, whole = (count + behind) / (2 * m), width = m > 4 ? m : 4;
    const long cycles = whole < 1 ? 1 : whole > 4 ? 4 : whole, head = cycles * m > width ? cycles * m : width;
    double level = 0, before = model_at(s, begin);
    long t, c;
    *scale = 0;
    for (t = 0; t < head; t++) {
        const double value = model_at(s, begin + (t < count ? t : count - 1));
        if (t < width) level += value / (double)width;
        *scale += fabs(value - before) / (double)(head - 1);
        before = value;
    }
    for (t = 0; t < m; t++) season[t] = 0;
    for (c = 0; m > 1 && head >= 2 * m && c < cycles; c++) {
        double middle = 0;
        for (t = c * m; t < (c + 1) * m; t++) middle += model_at(s, begin + (t < count ? t : count - 1)) / m;
        for (t = c * m; t < (c + 1) * m; t++) {
            season[t % m] += (model_at(s, begin + (t < count ? t : count - 1)) - middle) / (double)cycles;
        }
    }
    *scale += 1e-12 * (1 + fabs(level));
    return level;
}

/* e = y - (level + phi trend + season); each of them moves by its share of the error e. */
static void model_smoothing(const model_series *s, int m, const double *settings, long behind, int steps, double *y)
{
    const double alpha = settings[0], beta = settings[1], phi = settings[2], gamma = settings[3], limit = settings[4];
    const long begin = s->count > 20000 ? s->count - 20000 : 0, count = s->count - begin;
    double *season = s->work, scale, trend = 0, passed = 0, power = 1;
    double level = model_start(s, begin, m, behind, season, &scale);
    long t;
    int h;
    for (t = 0; t < count; t++) {
        const double expected = level + phi * trend, phase = season[t % m];
        double error = model_at(s, begin + t) - expected - phase;
#if !MODEL_GAPS_ARE_ZERO
        if (s->values[begin + t] != s->values[begin + t]) error = 0;
#endif
        if (limit > 0) { /* an error that is many times the usual is cut back */
            const double size = fabs(error), most = limit * scale;
            error = error > most ? most : error < -most ? -most : error;
            scale = 0.95 * scale + 0.0625 * (size < 3 * most ? size : 3 * most);
        }
        level = expected + alpha * error;
        trend = phi * trend + beta * error;
        season[t % m] = phase + gamma * error;
    }
    for (h = 1; h <= steps; h++) {
        const long place = count - 1 + h - model_back(h, m);
        power *= phi;
        passed += power;
        y[h - 1] = level + trend * passed + (m > 1 ? season[(place > 0 ? place : 0) % m] : 0);
    }
}

//// theta: smoothing
/* Smoothing, with half the slope of the line through all values. */
static void model_theta(const model_series *s, int m, const double *settings, long behind, int steps, double *y)
{
    const double middle = (double)(s->count - 1) / 2, start = model_at(s, 0), alpha = settings[0];
    const double late = (1 - pow(1 - alpha, (double)s->count)) / alpha;
    double above = 0, below = 0;
    long t;
    int h;
    for (t = 0; t < s->count; t++) {
        above += ((double)t - middle) * (model_at(s, t) - start);
        below += ((double)t - middle) * ((double)t - middle);
    }
    model_smoothing(s, m, settings, behind, steps, y);
    for (h = 0; h < steps && below > 0; h++) y[h] += above / below / 2 * (h + late);
}

//// view: series
/* What a method sees: means over ranges of the last values, the calendar, further columns. */
typedef struct {
    int lookback, season, horizon, ranges, head, phases, waves, past, known;
    const int *range, *past_at, *known_at;
    const double *wave, *scale;
} model_view;

/* The value k of the window; where there are fewer values, the first stands for those before it. */
static double model_last(const model_series *s, const model_view *w, long k)
{
    const long t = s->count + s->made - w->lookback + k;
    return model_at(s, t > 0 ? t : 0);
}

static double model_range(const model_series *s, const model_view *w, int first, int end)
{
    double sum = 0;
    int k;
    for (k = first; k < end; k++) sum += model_last(s, w, k);
    return sum / (end - first);
}

static double model_level(const model_series *s, const model_view *w)
{
    return model_range(s, w, w->lookback - w->season, w->lookback);
}

//// inputs: view
/* The inputs that all steps share; how many there are. */
static int model_inputs(const model_series *s, const model_view *w, double *x)
{
    const long position = s->position + s->made;
    double less = 0;
    int i, k, size = 0;
    for (i = 0; i <= w->ranges; i++) {
        const int *range = w->range + 4 * i;
        if (i == w->head) {
            for (k = 0; k < w->phases; k++) x[size++] = model_modulo(position, w->phases) == k;
            for (k = 0; k < w->waves; k++) {
                const double turn = 6.283185307179586 * fmod((double)position, w->wave[2 * k]) / w->wave[2 * k];
                const int many = (int)w->wave[2 * k + 1];
                int j;
                for (j = 1; j <= many; j++) x[size++] = sin(turn * j);
                for (j = 1; j <= many; j++) x[size++] = cos(turn * j);
            }
        }
        if (i == w->ranges) break;
        if (i == 0 || range[2] != range[-2] || range[3] != range[-1]) less = model_range(s, w, range[2], range[3]);
        x[size++] = (model_range(s, w, range[0], range[1]) - less) / w->scale[s->number];
    }
    for (i = 0; i < w->past; i++) { /* the last value of a column, and the mean of seven */
        const double *column = s->past + w->past_at[i];
        double sum = 0;
        for (k = 0; k < 7; k++) sum += column[MODEL_PAST * (s->made + k < 6 ? s->made + k : 6)];
        x[size++] = column[MODEL_PAST * 6];
        x[size++] = sum / 7;
    }
    return size;
}

//// step: view back
/* Of every known column the value at the step h ahead, and the value a season before it. */
static int model_step(const model_series *s, const model_view *w, long h, double *x)
{
    const long end = MODEL_BEFORE + MODEL_STEPS - 1, now = MODEL_BEFORE - 1 + s->made;
    const long at = now + h < end ? now + h : end, before = at - model_back(h, w->season);
    const long then = w->season == 1 ? (now < end ? now : end) : before > 0 ? before : 0;
    int k;
    for (k = 0; k < w->known; k++) {
        x[2 * k] = s->known[at * MODEL_KNOWN + w->known_at[k]];
        x[2 * k + 1] = s->known[then * MODEL_KNOWN + w->known_at[k]];
    }
    return 2 * w->known;
}

//// season_ago: view back
/* The place in the window of the value a season before the step h ahead. */
static long model_season_ago(const model_view *w, long h)
{
    return w->lookback - 1 - (model_back(h, w->season) - h);
}

//// linear_steps: inputs step
static void model_linear_steps(const model_series *s, const model_view *w, const double *weight, const double *bias,
                               const double *step_weight, double *y)
{
    const double level = model_level(s, w), scale = w->scale[s->number];
    const int width = model_inputs(s, w, s->work);
    double *step = s->work + width;
    int h, i;
    for (h = 0; h < w->horizon; h++) {
        const int more = model_step(s, w, h + 1, step);
        double sum = bias[h];
        for (i = 0; i < width; i++) sum += s->work[i] * weight[i * w->horizon + h];
        for (i = 0; i < more; i++) sum += step[i] * step_weight[h * more + i];
        y[h] = level + scale * sum;
    }
}

//// levels: inputs
/* The next seasons' means times (or plus) a season's usual shape. */
static void model_levels(const model_series *s, const model_view *w, const double *weight, const double *bias,
                         int shapes, int times, double *y)
{
    const double level = model_level(s, w), scale = w->scale[s->number];
    const int width = model_inputs(s, w, s->work), m = w->season, seasons = w->horizon / m;
    const long most = s->count + s->made > m ? s->count + s->made : m;
    double *shape = s->work + width, share = 1, whole = 0;
    int back, i, o, k;
    for (k = 0; k < m; k++) shape[k] = 0;
    for (back = 1; back <= shapes && back <= w->lookback / m && (long)back * m <= most; back++) {
        const int first = w->lookback - back * m;
        const double middle = model_range(s, w, first, first + m);
        for (k = 0; k < m; k++) {
            const double value = model_last(s, w, first + k);
            shape[k] += share * (times ? middle > 0 ? value / middle : 1 : value - middle);
        }
        whole += share;
        share *= 0.85;
    }
    for (o = 0; o < seasons; o++) {
        double sum = bias[o];
        for (i = 0; i < width; i++) sum += s->work[i] * weight[i * seasons + o];
        sum = level + scale * sum;
        for (k = 0; k < m; k++) y[o * m + k] = times ? sum * (shape[k] / whole) : sum + shape[k] / whole;
    }
}

//// tree_steps: inputs step season_ago
/* Every step goes down every tree: left where its number is not above the threshold. */
typedef struct {
    int trees;
    double start;
    const int *root, *feature, *left, *right;
    const double *threshold;
    const float *value;
} model_forest;

static void model_tree_steps(const model_series *s, const model_view *w, const model_forest *f, double *y)
{
    const double level = model_level(s, w), scale = w->scale[s->number];
    const int width = model_inputs(s, w, s->work), spare = (w->lookback - w->season) / w->season;
    const int many = spare < 1 ? 1 : spare > 4 ? 4 : spare;
    double *row = s->work + width;
    int h, k;
    for (h = 1; h <= w->horizon; h++) {
        const long at = model_season_ago(w, h);
        double usual = 0, sum = f->start;
        for (k = 0; k < many; k++) usual += model_last(s, w, at - (long)k * w->season) / many;
        row[0] = h - 1;
        row[1] = (model_last(s, w, at) - level) / scale;
        row[2] = (usual - level) / scale;
        model_step(s, w, h, row + 3);
        for (k = 0; k < f->trees; k++) {
            int node = f->root[k];
            while (f->feature[node] >= 0) {
                node = s->work[f->feature[node]] <= f->threshold[node] ? f->left[node] : f->right[node];
            }
            sum += (double)f->value[node];
        }
        y[h - 1] = level + scale * sum;
    }
}

//// standard: view
/* An input of a network: standardised, and cut at 5 deviations. */
static float model_standard(double x, double mean, double spread)
{
    const double z = (x - mean) / spread;
    return (float)(z < -5 ? -5 : z > 5 ? 5 : z);
}

//// table_inputs: standard inputs step
/* What all steps share, the known columns at every step, and what tells the series apart. */
static void model_table_inputs(const model_series *s, const model_view *w, const double *mean, const double *spread,
                               const double *profile, int wide, float *in)
{
    int size = model_inputs(s, w, s->work), h, k;
    for (h = 1; h <= w->horizon; h++) size += model_step(s, w, h, s->work + size);
    for (k = 0; k < wide; k++) s->work[size++] = profile[s->number * wide + k];
    for (k = 0; k < size; k++) in[k] = model_standard(s->work[k], mean[k], spread[k]);
}

//// sequence_inputs: standard
/* The last values one by one, with sine and cosine of the season's phase beside each. */
static void model_sequence_inputs(const model_series *s, const model_view *w, int lags, const double *mean,
                                  const double *spread, float *in)
{
    const double level = model_level(s, w), scale = w->scale[s->number];
    int k, at = 0;
    for (k = 0; k < lags; k++) {
        const long phase = model_modulo(s->position + s->made + 1 - lags + k, w->season);
        const double angle = 6.283185307179586 * (double)phase / w->season;
        in[at] = model_standard((model_last(s, w, w->lookback - lags + k) - level) / scale, mean[at], spread[at]);
        at++;
        if (w->season == 1) continue;
        in[at] = model_standard(sin(angle), mean[at], spread[at]);
        in[at + 1] = model_standard(cos(angle), mean[at + 1], spread[at + 1]);
        at += 2;
    }
}

//// from_network: season_ago
/* A network's share of the steps, added to the level or to the value a season before each. */
static void model_from_network(const model_series *s, const model_view *w, const float *out, int networks,
                               int seasonal, int first, double *y)
{
    const double level = model_level(s, w), scale = w->scale[s->number];
    int h;
    for (h = 1; h <= w->horizon; h++) {
        if (first) y[h - 1] = seasonal ? model_last(s, w, model_season_ago(w, h)) : level;
        y[h - 1] += scale * ((double)out[h - 1] / networks);
    }
}

//// finite:
/* Whether so many numbers are there and finite. */
static int model_finite(const double *values, int count)
{
    int k;
    if (!values) return 0;
    for (k = 0; k < count; k++) if (values[k] - values[k] != 0) return 0;
    return 1;
}
