using System.Text.Json.Nodes;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Response.Drills;

/// <summary>Who does what in the rehearsal of a change, by the names of their signers.</summary>
/// <param name="Author">Who answers for its content; null where nobody has to.</param>
/// <param name="Owners">The owners of the Safe who sign, as many as its threshold; none for a change that no Safe carries.</param>
/// <param name="Sender">Who sends.</param>
/// <param name="Gate">Who signs a resume besides, with the duty.</param>
/// <param name="Commander">Who commands the incident that the change names.</param>
public sealed record ChangeCast(string? Author, IReadOnlyList<string> Owners, string Sender, IReadOnlyList<(Duty Duty, string Signer)> Gate, string? Commander);

/// <summary>
/// A filed change on a fork of the live chain, by the operators' own commands: signed, executed, verified and taken back, while a signer is missing, signatures are missing, a node lies, a module is paused already and a reorg takes away
/// what was mined.
/// </summary>
/// <param name="ground">The fork, with a workspace that has the change as it is on file and drill keys in the place of people's.</param>
/// <param name="time">The clock.</param>
/// <param name="tell">Hears of each claim as it is decided.</param>
public sealed class ChangeDrill(IChangeGround ground, TimeProvider time, Action<DrilledClaim>? tell = null)
{
    private readonly DrillRecord _record = new(ground, tell ?? (_ => { }));


    /// <summary>Pauses a module of the change beside the commands, and takes that back; null when none of its modules can be paused.</summary>
    public Func<Func<Task>, CancellationToken, Task>? WhilePausedAsync { get; init; }

    /// <summary>The incident that the change names; null when it names none.</summary>
    public string? Incident { get; init; }

    /// <summary>By when it is to be executed, from the first signature.</summary>
    public TimeSpan Within { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Runs it to its end, or to the first claim without which the rest means nothing.</summary>
    /// <param name="change">The change.</param>
    /// <param name="cast">Who does what.</param>
    /// <param name="where">The ground in words: <c>a fork of mainnet (chain 1) at block 7</c>.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<IncidentScore> RunAsync(string change, ChangeCast cast, string where, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(cast);
        var startedAt = time.GetUtcNow();
        var began = time.GetTimestamp();
        (TimeSpan Took, ulong Blocks)? executed = null;
        try
        {
            _record.Part = "Before anything is signed";
            await CommandAsync("Configuration and state are backed up", [0], ["backup", "create"], cancellation).ConfigureAwait(false);
            if (Incident is { } incident)
            {
                await CommandAsync("The incident that it names is open, led by another than who sends", [0], ["incident", "open", "Drill", "--name", incident, "--severity", "1", .. cast.Commander is { } commander ? (string[])["--commander", commander, "--signer", commander] : ["--signer", cast.Sender]], cancellation).ConfigureAwait(false);
            }

            await _record.FaultAsync("a signer that is missing", "A signer that is not at hand is refused before anything is sent", outcome => outcome.Exit == 2, ["change", "execute", change, "--signer", "nobody-at-hand", "--execute"], cancellation).ConfigureAwait(false);
            if (cast.Owners.Count > 0)
            {
                await _record.FaultAsync("an owner who has not signed", "Without the owners' signatures nothing is sent", outcome => outcome.Exit == 4, Execute(change, cast), cancellation).ConfigureAwait(false);
            }

            if (WhilePausedAsync is { } paused)
            {
                await paused(() => _record.FaultAsync("a module that is paused already", "The state is told to be mixed, not running", outcome => DrillRecord.Text(outcome.Json, "summary")?.StartsWith("MIXED", StringComparison.Ordinal) == true, ["owner", "system-pause", "--action", "status"], cancellation), cancellation).ConfigureAwait(false);
            }

            var (signing, block) = (time.GetTimestamp(), (await ground.BlockAsync(cancellation).ConfigureAwait(false)).Value);
            await SignAsync("The signatures", change, cast, cancellation).ConfigureAwait(false);

            var withdraw = await ground.MarkAsync(cancellation).ConfigureAwait(false);
            _record.Part = "A node lies";
            await ground.LieAsync(true, cancellation).ConfigureAwait(false);
            await _record.FaultAsync("a node that answers zeros to every question", "It is not believed: nothing is sent, or the nodes' disagreement is told", outcome => outcome.Exit is 3 or 4 or 5 or 6, Execute(change, cast), cancellation).ConfigureAwait(false);
            await ground.LieAsync(false, cancellation).ConfigureAwait(false);
            await CommandAsync("With the real node it is executed", [0], Execute(change, cast), cancellation).ConfigureAwait(false);
            await CommandAsync("Receipts and chain say what the change said", [0], ["change", "verify", change], cancellation).ConfigureAwait(false);
            executed = (time.GetElapsedTime(signing), (await ground.BlockAsync(cancellation).ConfigureAwait(false)).Value - block);

            _record.Part = "A reorg takes it away";
            await withdraw().ConfigureAwait(false);
            await _record.FaultAsync("a reorg that takes the change back", "The verification says that the record is not on the chain any more", outcome => outcome.Exit is 3 or 5 or 6, ["change", "verify", change], cancellation).ConfigureAwait(false);
            await CommandAsync("Run again it is sent again, and that it had been withdrawn may be told", [0, 3], Execute(change, cast), cancellation).ConfigureAwait(false);
            await CommandAsync("It stands again", [0], ["change", "verify", change], cancellation).ConfigureAwait(false);
            await BackAsync(change, cast, cancellation).ConfigureAwait(false);

            _record.Part = "The evidence";
            await CommandAsync("The audit log verifies, and no file that it vouches for was altered", [0], ["evidence", "log", "--verify"], cancellation).ConfigureAwait(false);
            // That a block of the record was withdrawn is a finding, and stays one.
            await CommandAsync("Everything on record is written to one file, with what the reorg left in it", [0, 3], ["evidence", "export", "--all", "--out", "evidence.tar"], cancellation).ConfigureAwait(false);
        }
        catch (DrillStopped stopped)
        {
            _record.Stopped(stopped);
        }

        return new IncidentScore(Incident ?? "", new DrillReport($"change {change}", startedAt, time.GetElapsedTime(began), _record.Claims, null, null, where), executed?.Took, executed?.Blocks, Within, 0, [], _record.Faults)
        {
            Measured = "from the first signature to executed and verified",
        };
    }

    private async Task BackAsync(string change, ChangeCast cast, CancellationToken cancellation)
    {
        _record.Part = "Back";
        var planned = await ground.RunAsync(["change", "rollback", change], cancellation).ConfigureAwait(false);
        if (planned.Exit == 4 && planned.Json["error"] is JsonObject none && DrillRecord.Text(none, "code") == "rollback-none")
        {
            _record.Claim("There is no way back, and the change says so", true, DrillRecord.Detail(planned), $"agijobs change rollback {change}", planned.Took);
            return;
        }

        _record.Require("What undoes it is planned", planned.Exit == 3 && DrillRecord.Text(planned.Json, "change") is not null, DrillRecord.Detail(planned), $"agijobs change rollback {change}", planned.Took);
        var undoing = DrillRecord.Text(planned.Json, "change")!;
        await SignAsync("Back, the signatures", undoing, cast, cancellation).ConfigureAwait(false);
        await CommandAsync("It is executed", [0], Execute(undoing, cast), cancellation).ConfigureAwait(false);
        await CommandAsync("Receipts and chain say what it said", [0], ["change", "verify", undoing], cancellation).ConfigureAwait(false);
        await CommandAsync("Of the first change the verification says that the state has changed since", [3], ["change", "verify", change], cancellation).ConfigureAwait(false);
    }

    private async Task SignAsync(string part, string change, ChangeCast cast, CancellationToken cancellation)
    {
        _record.Part = part;
        if (cast.Author is { } author)
        {
            await CommandAsync("The author signs for its content", [0], ["change", "approve", change, "--duty", "author", "--signer", author], cancellation).ConfigureAwait(false);
        }

        foreach (var owner in cast.Owners)
        {
            await CommandAsync($"{owner} signs as an owner of the Safe", [0], ["change", "approve", change, "--signer", owner], cancellation).ConfigureAwait(false);
        }

        foreach (var (duty, signer) in cast.Gate)
        {
            await CommandAsync($"{signer} signs as {duty.Name()}", [0], ["change", "approve", change, "--duty", duty.Name(), "--signer", signer], cancellation).ConfigureAwait(false);
        }
    }

    private static string[] Execute(string change, ChangeCast cast) => ["change", "execute", change, "--signer", cast.Sender, "--execute"];

    private Task<CommandOutcome> CommandAsync(string claim, int[] exits, string[] line, CancellationToken cancellation) => _record.CommandAsync(claim, exits, _ => true, line, cancellation);
}
