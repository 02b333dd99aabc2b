/**
 * Uniform numbers in [0, 1) that are the same for the same seed on every machine (sfc32). For markets and
 * fault scripts that must be repeatable; not for anything secret.
 */
export function seededRandom(seed: string): () => number {
  const [first, second, third, fourth] = hashWords(seed);
  let a = first;
  let b = second;
  let c = third;
  let counter = fourth;
  return () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 4_294_967_296;
  };
}

/** Four words of a text: FNV-1a, stirred on between words so that close seeds lie far apart. */
function hashWords(text: string): readonly [number, number, number, number] {
  let hash = 2_166_136_261;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 16_777_619);
  }
  const next = () => {
    hash = Math.imul(hash ^ (hash >>> 15), 2_246_822_519);
    hash = Math.imul(hash ^ (hash >>> 13), 3_266_489_917);
    hash ^= hash >>> 16;
    return hash | 0;
  };
  return [next(), next(), next(), next()];
}
