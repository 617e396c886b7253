
/** What is fitted for each level or target: {each(row)}, what every one of them says. */
function readParts({ parts, arrays }, preparation) {
  const models = parts.map((part, k) => {
    const own = Object.entries(arrays).filter(([name]) => name.startsWith(`${k}/`));
    return readFitted(
      { ...part, arrays: Object.fromEntries(own.map(([name, array]) => [name.split("/")[1], array])) },
      preparation,
      description.target.classes?.[k],
    );
  });
  return { each: (row) => models.map(({ predict }) => predict(row)) };
}
