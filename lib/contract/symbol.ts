/** A contract's name as the venue writes it: letters of any script, digits, `_`; it becomes part of keys and labels. */
export const SYMBOL = /^[\p{L}\p{N}_]{1,32}$/u;
