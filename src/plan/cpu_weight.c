/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU shares of v1 as the weight of v2. Since 2025 runtimes agree on a curve through the three points that
 * have a meaning on both scales: 2 -> 1, 1024 -> 100 (the defaults), 262144 -> 10000. Pure; without the
 * mathematics library, which nothing else would need.
 */
#include "plan/resources.h"

#define SHARES_LEAST 2
#define SHARES_MOST 262144
#define WEIGHT_MOST 10000

/* Bits of the fraction: far beyond what a weight of five digits can show. */
#define LOG_BITS 48

static double log_2(uint64_t number)
{
	double result = 0, bit = 0.5, rest = (double)number;

	for (; rest >= 2; rest /= 2)
		result += 1;
	for (int i = 0; i < LOG_BITS; i++, bit /= 2) {
		rest *= rest;
		if (rest < 2)
			continue;
		rest /= 2;
		result += bit;
	}
	return result;
}

/* From 0 to 4: the weights 1 to 10000. */
static double power_of_10(double exponent)
{
	const double ln_10 = 2.302585092994045684;
	double result = 1, term = 1;

	for (int i = 1; i < 60; i++) {
		term *= exponent * ln_10 / i;
		result += term;
	}
	return result;
}

unsigned plan_cpu_weight(uint64_t shares)
{
	double l, weight;

	if (shares <= SHARES_LEAST)
		return 1;
	if (shares >= SHARES_MOST)
		return WEIGHT_MOST;
	l = log_2(shares);
	weight = power_of_10((l * l + 125 * l) / 612 - 7.0 / 34);
	/* Rounded up, but not for the error of the calculation. */
	unsigned whole = (unsigned)weight;
	return weight - whole > 1e-6 ? whole + 1 : whole;
}
