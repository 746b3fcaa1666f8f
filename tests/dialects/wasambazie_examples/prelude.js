// The example's wait of 30 s ends as soon as the file WAITED_FOR exists.
const { existsSync } = require('fs');
const real = global.setTimeout;
global.setTimeout = (callback, ms, ...rest) => {
  if (ms !== 30000) return real(callback, ms, ...rest);
  const look = () => (existsSync(process.env.WAITED_FOR) ? callback(...rest) : real(look, 20));
  return real(look, 20);
};
