/** When a stream entry was added, epoch ms by the Redis server's clock: the first part of its id. */
export function entryTimeMs(id: string): number {
  return Number(id.split("-", 1)[0]);
}
