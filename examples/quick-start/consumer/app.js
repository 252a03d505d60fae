// Plain fetch by the name of a service. It knows nothing of Nacos either: `node --require nacos-serving/register` does.
// It calls until its standard input ends, then says how many calls there were and how many of them failed.
const IN_FLIGHT = 4;
const PAUSE_MS = 40;
let calls = 0;
let failed = 0;
let going = true;
process.stdin.on('end', () => {
  going = false;
});
process.stdin.resume();

async function callAgainAndAgain() {
  while (going) {
    calls += 1;
    const number = calls;
    try {
      const response = await fetch('http://demoservice/hello');
      const { from, port } = await response.json();
      console.log(`call ${number}: ${from} on port ${port}`);
    } catch (error) {
      failed += 1;
      console.log(`call ${number}: failed (${error.cause?.code ?? error.message})`);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

await Promise.all(Array.from({ length: IN_FLIGHT }, callAgainAndAgain));
console.log(`calls: ${calls}, failed: ${failed}`);
