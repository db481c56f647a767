// GELU within 3e-6, for results that are rounded to 8 bits or to bfloat16 next.
#pragma once

// GELU by a table. With u = 2.9 |v|, i = round(u) and r = u - i:
//   Phi(|v|) - 1/2 = T[0][i] + T[1][i] r + T[2][i] r^2 + T[3][i] r^3     (i < 15, minimax, 2.6e-6)
//                  = 1/2                                                 (i = 15)
// and gelu(v) = v * Phi(v), Phi the normal distribution. Well under half of the operations of the
// polynomials; sixteen entries fill one register of 512 bits.
static const _Alignas(64) float duri_phi[4][16] = {
    {0.0f, 0.1348863f, 0.25479198f, 0.3495426f, 0.4160994f, 0.4576585f, 0.4807259f, 0.49210697f,
     0.49709824f, 0.4990439f, 0.49971807f, 0.49992567f, 0.4999825f, 0.49999633f, 0.4999993f, 0.5f},
    {0.13756536f, 0.12962486f, 0.10845035f, 0.0805628f, 0.053137083f, 0.031118333f, 0.0161806f,
     0.00747004f, 0.003061963f, 0.0011143496f, 0.00036006654f, 0.000103294784f, 2.6308877e-05f,
     5.9490526e-06f, 1.1942834e-06f, 0.0f},
    {0.0f, -0.007651935f, -0.012815113f, -0.014300494f, -0.012602079f, -0.0092496285f,
     -0.005789994f, -0.0031305333f, -0.001473044f, -0.00060615694f, -0.00021886174f, -6.95023e-05f,
     -1.9446104e-05f, -4.800059e-06f, -1.0463782e-06f, 0.0f},
    {-0.0027111082f, -0.002250309f, -0.0011252116f, 0.00010395906f, 0.000939154f, 0.001208953f,
     0.0010488271f, 0.0007151379f, 0.00040317478f, 0.00019250714f, 7.889615e-05f, 2.7984499e-05f,
     8.638364e-06f, 2.3296275e-06f, 5.504535e-07f, 0.0f},
};
#define DURI_PHI_STEPS 2.9f
// Added to 0 <= u <= 15, it leaves round(u) in the lowest bits.
#define DURI_PHI_ROUND 8388608.0f
