/** HMAC-SHA256 in hex over exactly the text that is sent; the key is set up once, a signature copies it. */
export function createSigner(secret: string): (payload: string) => string {
  const keyed = new Bun.CryptoHasher("sha256", secret);
  return (payload) => keyed.copy().update(payload).digest("hex");
}
