/** The global function that a mark calls with its number. */
export const MARK = 'portrampReached';
