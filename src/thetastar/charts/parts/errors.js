// What is wrong with a spec: where, the rule, what arrived, what to do.

export const fail = (text) => {
  throw new Error(`charts: ${text}`);
};
