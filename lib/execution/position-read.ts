/** How long one read of the positions may hold an exit up (ms). */
export const POSITION_READ_MS_MAX = 300;
