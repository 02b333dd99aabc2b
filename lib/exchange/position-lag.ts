/**
 * How long the venue's list of positions may leave out a fill that has happened, ms: "nothing is open" is believed only
 * of a reading that was begun later than that.
 */
export const POSITION_LAG_MS_MAX = 2000;
