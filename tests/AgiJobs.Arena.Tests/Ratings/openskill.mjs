// Rates a list of games, given as JSON on stdin, with the openskill package. The tests compare it with ours.
import { rate } from "openskill";

let text = "";
for await (const chunk of process.stdin) text += chunk;
const games = JSON.parse(text).map(({ teams, ranks }) =>
    rate(teams.map((team) => team.map(([mu, sigma]) => ({ mu, sigma }))), { rank: ranks, tau: 25 / 300 })
        .map((team) => team.map(({ mu, sigma }) => [mu, sigma])));
console.log(JSON.stringify(games));
