/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 (FIPS 180-4, section 6.2). Pure.
 */
#include "base/sha256.h"

#include <string.h>

/* Section 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static uint32_t rotate(uint32_t word, unsigned by)
{
	return word >> by | word << (32 - by);
}

static void schedule(const uint8_t *block, uint32_t ret[64])
{
	for (size_t t = 0; t < 16; t++)
		ret[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
			 (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
	for (size_t t = 16; t < 64; t++) {
		uint32_t a = ret[t - 15], b = ret[t - 2];
		ret[t] = ret[t - 16] + ret[t - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) +
			 (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
	}
}

/* The working variables a to h are v[0] to v[7]. */
static void add_block(struct sha256 *hash, const uint8_t *block)
{
	uint32_t w[64], v[8];

	schedule(block, w);
	memcpy(v, hash->state, sizeof(v));
	for (size_t t = 0; t < 64; t++) {
		uint32_t sum1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
		uint32_t choose = (v[4] & v[5]) ^ (~v[4] & v[6]);
		uint32_t sum0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
		uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
		uint32_t one = v[7] + sum1 + choose + constants[t] + w[t];

		memmove(v + 1, v, 7 * sizeof(*v));
		v[4] += one;
		v[0] = one + sum0 + majority;
	}
	for (size_t i = 0; i < 8; i++)
		hash->state[i] += v[i];
}

void sha256_init(struct sha256 *hash)
{
	/* Section 5.3.3: likewise of the square roots of the first eight primes. */
	*hash = (struct sha256){
		.state = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
			   0x1f83d9ab, 0x5be0cd19 },
	};
}

void sha256_add(struct sha256 *hash, const void *data, size_t length)
{
	const uint8_t *from = data;
	size_t have = hash->length % sizeof(hash->block);

	hash->length += length;
	while (length > 0) {
		size_t part = sizeof(hash->block) - have;

		if (part > length)
			part = length;
		memcpy(hash->block + have, from, part);
		from += part;
		length -= part;
		have += part;
		if (have == sizeof(hash->block)) {
			add_block(hash, hash->block);
			have = 0;
		}
	}
}

void sha256_finish(struct sha256 *hash, uint8_t ret[SHA256_BYTES])
{
	static const uint8_t padding[64] = { 0x80 };
	size_t have = hash->length % sizeof(hash->block);
	uint64_t bits = hash->length * 8;
	uint8_t end[8];

	for (size_t i = 0; i < sizeof(end); i++)
		end[i] = (uint8_t)(bits >> (56 - 8 * i));
	sha256_add(hash, padding, (have < 56 ? 56 : 120) - have);
	sha256_add(hash, end, sizeof(end));
	for (size_t i = 0; i < SHA256_BYTES; i++)
		ret[i] = (uint8_t)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
}
