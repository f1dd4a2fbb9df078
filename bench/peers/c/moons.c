/* A net 2-16-16-1 with tanh on 100 points, by gradient descent on all of them; the loss before each update is kept.
 *
 * A layer's 16 units lie side by side, one vector of AVX-512 or two of AVX2. Each layer is done for all points at once,
 * so that the points do not wait for each other; tanh is that of the C library for vectors (-ffast-math allows it).
 */
#include <math.h>
#include <string.h>

#define POINTS 100
#define UNITS 16

typedef struct {
    float w1[2][UNITS], b1[UNITS], w2[UNITS][UNITS], b2[UNITS], w3[UNITS], b3;
} Net;

static float h1[POINTS][UNITS], h2[POINTS][UNITS], slope[POINTS];

static float step(Net *restrict p, const float (*restrict points)[2], const float *restrict upper, float rate) {
    float score[POINTS], loss = 0;

    for (int i = 0; i < POINTS; i++)
        for (int k = 0; k < UNITS; k++)
            h1[i][k] = p->b1[k] + points[i][0] * p->w1[0][k] + points[i][1] * p->w1[1][k];
    for (int i = 0; i < POINTS * UNITS; i++) (&h1[0][0])[i] = tanhf((&h1[0][0])[i]);

    for (int i = 0; i < POINTS; i++) {
        float z[UNITS];
        for (int k = 0; k < UNITS; k++) z[k] = p->b2[k];
        for (int j = 0; j < UNITS; j++)
            for (int k = 0; k < UNITS; k++) z[k] += h1[i][j] * p->w2[j][k];
        for (int k = 0; k < UNITS; k++) h2[i][k] = z[k];
    }
    for (int i = 0; i < POINTS * UNITS; i++) (&h2[0][0])[i] = tanhf((&h2[0][0])[i]);

    for (int i = 0; i < POINTS; i++) {
        float sum = p->b3;
        for (int k = 0; k < UNITS; k++) sum += h2[i][k] * p->w3[k];
        score[i] = sum;
    }
    for (int i = 0; i < POINTS; i++) {
        float e = expf(-fabsf(score[i]));
        loss += fmaxf(score[i], 0) + logf(1 + e) - upper[i] * score[i];
        slope[i] = ((score[i] >= 0 ? 1 : e) / (1 + e) - upper[i]) / POINTS;
    }

    Net d;
    float turned[UNITS][UNITS]; /* w2 with its axes exchanged, so that the way back is along rows too */
    memset(&d, 0, sizeof d);
    for (int j = 0; j < UNITS; j++)
        for (int k = 0; k < UNITS; k++) turned[k][j] = p->w2[j][k];
    for (int i = 0; i < POINTS; i++) {
        float z2[UNITS], z1[UNITS];
        d.b3 += slope[i];
        for (int k = 0; k < UNITS; k++) {
            d.w3[k] += slope[i] * h2[i][k];
            z2[k] = slope[i] * p->w3[k] * (1 - h2[i][k] * h2[i][k]);
            d.b2[k] += z2[k];
            z1[k] = 0;
        }
        for (int j = 0; j < UNITS; j++)
            for (int k = 0; k < UNITS; k++) d.w2[j][k] += h1[i][j] * z2[k];
        for (int k = 0; k < UNITS; k++)
            for (int j = 0; j < UNITS; j++) z1[j] += z2[k] * turned[k][j];
        for (int j = 0; j < UNITS; j++) {
            z1[j] *= 1 - h1[i][j] * h1[i][j];
            d.b1[j] += z1[j];
            d.w1[0][j] += points[i][0] * z1[j];
            d.w1[1][j] += points[i][1] * z1[j];
        }
    }

    float *values = (float *)p, *slopes = (float *)&d;
    for (unsigned n = 0; n < sizeof(Net) / sizeof(float); n++) values[n] -= rate * slopes[n];
    return loss / POINTS;
}

void run(Net *p, const float (*points)[2], const float *upper, float rate, float *losses, long steps) {
    for (long i = 0; i < steps; i++) losses[i] = step(p, points, upper, rate);
}
