// An app that knows nothing of Nacos: its settings are environment variables, as everywhere.
console.log(`${process.env.GREETING}, ${process.env.PAGE_SIZE} a page`);
