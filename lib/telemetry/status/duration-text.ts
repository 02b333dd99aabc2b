/** Seconds as people read them: `0.4 s`, `12 s`, `4:32`, `3 h 07 min`, `35 d`. */
export function durationText(seconds: number): string {
  if (!Number.isFinite(seconds)) return "never";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  const two = (value: number) => String(value).padStart(2, "0");
  if (minutes < 60) return `${minutes}:${two(Math.floor(seconds % 60))} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${two(minutes % 60)} min`;
  return `${Math.floor(hours / 24)} d`;
}
