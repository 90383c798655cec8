using System.Globalization;
using System.Text;
using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Execution;
using AgiJobs.Control.Files;
using AgiJobs.Control.Simulation;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Cli.Changes;

/// <content>Looking: preview, simulation, brief. Nothing is sent.</content>
internal sealed partial class ChangeRun
{
    /// <summary>Shows what would be sent and what it would do; exit 3, or what the simulation ends with.</summary>
    public async Task<ExitCode> PreviewAsync(CancellationToken cancellation)
    {
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        var standing = await StandingAsync(cancellation).ConfigureAwait(false);
        var reading = Simulation();
        var decision = await Gate(client, reading, standing).DecideAsync(change, ExpectedSender, cancellation).ConfigureAwait(false);
        var simulation = reading.Result;
        var preconditions = IsBegun ? [] : await StateCheck.ReadAsync(client, Document.Preconditions, BlockReference.Latest, cancellation).ConfigureAwait(false);
        var state = StateOf(decision).OfChain([.. preconditions.Where(check => check.Holds == false).Select(check => $"{check.Expectation.Subject} no longer holds (found {check.Found})")]);
        var exit = IsVerified ? ExitCode.Clean
            : simulation is null ? IsBegun ? ExitCode.Findings : ExitCode.Unknown
            : simulation.Exit == ExitCode.Clean ? ExitCode.Findings : simulation.Exit;
        var dryRun = await FileDryRunAsync(standing, simulation, cancellation).ConfigureAwait(false);
        Terminal.Line(NothingSent);
        Terminal.Line($"network {Document.Network}, chain {Document.ChainId}");
        Terminal.Line(Document.Title);
        Terminal.Line($"  change   {change.Id}");
        Terminal.Line($"  state    {state.Name}{(state.Why is { } why ? $": {why}" : "")}");
        Terminal.Line($"  digest   {Document.Digest()}");
        Terminal.Line($"  instance {Document.Instance}");
        Terminal.Line($"  risk     {Document.Risk.ToString().ToLowerInvariant()}");
        foreach (var step in Document.Steps)
        {
            if (step.Purpose is { } purpose)
            {
                Terminal.Line($"  does     {purpose}");
            }

            Terminal.Line($"  call     {step.Module}.{step.Function} at {session.Labels.Describe(step.Target)}");
            Terminal.Line($"  by       {Brief.Means(step.Route, session.Labels)}");
        }

        if (simulation is not null)
        {
            SimulationReport.Print(Terminal, simulation, session.Labels);
        }
        else if (reading.Problem is { } problem)
        {
            Terminal.Line($"  UNKNOWN  it could not be simulated: {problem}");
        }

        PrintStanding(standing);
        ApprovalReport.Print(Terminal, decision);
        Terminal.Line($"  undo     {UndoCommand ?? "none"} ({Document.Rollback.Note})");
        Terminal.Line($"  next     {NextStep(state, decision, standing)}");
        Terminal.Line(NothingSent);
        Terminal.Json("agijobs.change-preview/1", exit, writer =>
        {
            WriteChange(writer);
            writer.WriteString("state", state.Name);
            writer.WriteString("why", state.Why);
            writer.WriteBoolean("sent", false);
            writer.WriteString("dryRun", dryRun);
            if (simulation is not null)
            {
                SimulationReport.Write(writer, simulation, SimulationFile.PathOf(change));
            }

            writer.WriteStartArray("steps");
            foreach (var step in Document.Steps)
            {
                writer.WriteStartObject();
                writer.WriteString("module", step.Module);
                writer.WriteString("target", step.Target.ToString());
                writer.WriteString("function", step.Function);
                writer.WriteString("purpose", step.Purpose);
                writer.WriteString("calldata", Hex.Encode(step.Calldata));
                writer.WriteString("caller", step.Route.Caller.ToString());
                writer.WriteString("route", step.Route.Kind.ToString().ToLowerInvariant());
                writer.WriteString("role", step.Route.Role);
                if (step.Deploys is { } made)
                {
                    writer.WriteStartObject("deploys");
                    writer.WriteString("module", made.Module);
                    writer.WriteString("address", made.Address.ToString());
                    writer.WriteString("codeHash", made.CodeHash.ToString());
                    writer.WriteEndObject();
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            WriteStanding(writer, standing);
            ApprovalReport.Write(writer, decision);
            writer.WriteString("next", NextStep(state, decision, standing));
        });
        return exit;
    }

    /// <summary>Tries the whole change on the newest state, files what was found and prints it; sends nothing.</summary>
    public async Task<ExitCode> SimulationAsync(CancellationToken cancellation)
    {
        var result = await SimulateAsync(cancellation).ConfigureAwait(false);
        Terminal.Line(NothingSent);
        Terminal.Line($"network {Document.Network}, chain {Document.ChainId}");
        Terminal.Line(Document.Title);
        Terminal.Line($"  change   {change.Id}");
        Terminal.Line($"  digest   {Document.Digest()}");
        SimulationReport.Print(Terminal, result, session.Labels);
        Terminal.Line($"  filed    {SimulationFile.PathOf(change)}");
        Terminal.Line(NothingSent);
        Terminal.Json("agijobs.change-simulation/1", result.Exit, writer =>
        {
            WriteChange(writer);
            SimulationReport.Write(writer, result, SimulationFile.PathOf(change));
        });
        return result.Exit;
    }

    /// <summary>Prints the one-page brief with how the change stands; where the chain cannot be read the page says so.</summary>
    public async Task<ExitCode> BriefAsync(CancellationToken cancellation)
    {
        BriefStanding standing;
        var exit = ExitCode.Clean;
        try
        {
            var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
            var safe = await StandingAsync(cancellation).ConfigureAwait(false);
            var decision = await Gate(client, Simulation(), safe).DecideAsync(change, ExpectedSender, cancellation).ConfigureAwait(false);
            standing = ApprovalReport.ForBrief(decision, safe?.Hash.Value.ToString(), NextStep(StateOf(decision), decision, safe));
        }
        catch (EthereumException problem)
        {
            exit = ExitCode.Unknown;
            standing = new BriefStanding([], [$"unknown: the chain could not be read: {problem.Message}"], null, $"agijobs change show {change.Id}");
        }

        var brief = Brief.Write(Document, session.Labels, standing);
        Terminal.Line(brief);
        Terminal.Json("agijobs.change-brief/1", exit, writer =>
        {
            WriteChange(writer);
            writer.WriteString("markdown", brief);
        });
        return exit;
    }

    private async Task<SimulationResult> SimulateAsync(CancellationToken cancellation)
    {
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        // A pause, which must not wait, is tried on the block that the connection brought along, as its plan was made on it.
        var block = ChangeNature.Of(Document, session.Protocol).IsPause ? PinnedBlock.AtConnect(client) : null;
        var options = new SimulationOptions { NameOf = session.Labels.NameOf, Fork = session.Fork(), Block = block }.With(change);
        var result = await ChangeSimulation.RunAsync(client, session.Protocol, Document, options, cancellation).ConfigureAwait(false);
        _ = SimulationFile.Write(change, result);

        // Whoever writes it anew has to vouch for it anew, or the log would call it altered; so it is not given up in between.
        await RecordAsync("change.simulated", _ => { }, CancellationToken.None, SimulationFile.PathOf(change)).ConfigureAwait(false);
        return result;
    }

    private async Task<string> FileDryRunAsync(SafeStanding? standing, SimulationResult? simulation, CancellationToken cancellation)
    {
        var text = new StringBuilder(Brief.Write(Document, session.Labels)).Append("\n## Dry run\n");
        if (standing is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"\nSafe transaction hash `{standing.Hash.Value}` at nonce {standing.State.Nonce}; {standing.Given} of {standing.Needed} signatures.\n");
        }

        text.Append(simulation is null ? "\nIt was not simulated.\n" : SimulationReport.Markdown(simulation, session.Labels));
        var path = session.Workspace.Locate("monitoring", "runbooks", $"{change.Id}.md");
        AtomicFile.Write(path, Encoding.UTF8.GetBytes(text.ToString()));
        await RecordAsync("change.dry-run", _ => { }, cancellation, path).ConfigureAwait(false);
        return path;
    }
}
