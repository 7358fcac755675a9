// How a block walks over a channel of x (n, channels, spatial).
#pragma once

// A thread's walk over a channel: elements threadIdx.x, threadIdx.x + blockDim.x, … of its images one after another. The
// place of each follows from the last one's: a division an element would cost more than the rest.
struct Walk {
    long long channels, spatial, image, i;

    __device__ Walk(long long channels, long long spatial, int first = threadIdx.x)
        : channels(channels), spatial(spatial), image(first / spatial), i(first % spatial) {}
    __device__ void step(long long images, long long rest) {  // blockDim.x as whole images and what is left
        image += images;
        i += rest;
        if (i >= spatial) i -= spatial, image++;
    }
    __device__ long long at(long long channel) const { return (image * channels + channel) * spatial + i; }
};

#define ALONG_THE_CHANNEL(at, channel, n)                                                                  \
    for (Walk walk(channels, spatial); walk.image < n; walk.step(blockDim.x / spatial, blockDim.x % spatial)) \
        if (long long at = walk.at(channel); true)
