using System.CommandLine;
using System.Globalization;
using System.Numerics;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Planning;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;

namespace AgiJobs.Cli.Owner;

/// <summary><c>owner slash</c>, <c>owner refund</c> and <c>owner call</c>: what holders of an office can do besides setting values.</summary>
internal static class RemedyCommands
{
    private const int ValidatorRole = 1;

    private static readonly string[] JobStates = ["None", "Created", "Applied", "Submitted", "Completed", "Disputed", "Finalized", "Cancelled"];

    public static Command Slash(CommonOptions options, CommandEnvironment environment)
    {
        var address = new Option<string>("--address") { Description = "the validator", HelpName = "ADDRESS", Required = true };
        address.Aliases.Add("--validator");
        var memo = new Option<string>("--memo") { Description = "the incident's ticket; goes on the chain with the slash", HelpName = "TICKET", Required = true };
        memo.Aliases.Add("--ticket");
        var amount = new Option<string?>("--amount") { Description = "how much, such as \"5 AGIALPHA\"; default: the protocol's penalty", HelpName = "AMOUNT" };
        var round = new Option<string?>("--round") { Description = "report it as misconduct in this round of the arena; default: slash under the ticket alone", HelpName = "N" };
        var command = options.Planned(new Command("slash", "slash a validator under a ticket; the arena is paused first when it runs") { address, memo, amount, round });
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var validator = Address.Parse(parsed.GetValue(address)!);
            var ticket = parsed.GetValue(memo)!.Trim();
            if (ticket.Length == 0)
            {
                throw new ControlException("ticket-missing", ExitCode.BadInput, "A slash needs a ticket.", "Give --memo TICKET.");
            }

            var protocol = session.Protocol;
            var state = await session.ObserveWholeAsync(cancellation).ConfigureAwait(false);
            var draft = new WaveDraft(state);
            var arena = protocol["SelfPlayArena"];
            draft.Pause(arena);
            BigInteger? wanted = parsed.GetValue(amount) is { } text ? Unit.Of("AGIALPHA", protocol.Tokens).Parse(text).AsInteger() : null;
            var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
            var reads = (await PinnedBlock.AtAsync(client, Ethereum.Rpc.BlockReference.At(state.BlockHash), cancellation).ConfigureAwait(false)).NewReads();
            var stake = reads.Call(protocol["StakeManager"].Address, protocol["StakeManager"].Abi.Function("stakeOf(address,uint8)"), validator, ValidatorRole);
            await reads.SendAsync(cancellation).ConfigureAwait(false);
            var held = stake.Value[0].AsInteger();
            if (held.IsZero)
            {
                throw new ControlException("nothing-to-slash", ExitCode.Refused, $"{validator} has no stake as a validator.", "Check the address.");
            }

            if (wanted is { } sum && (sum.Sign <= 0 || sum > held))
            {
                throw new ControlException("slash-amount", ExitCode.BadInput, $"{parsed.GetValue(amount)} of {validator} cannot be slashed: its stake is {Amount(protocol, held)}.", "Give an amount above zero and not above the stake.");
            }

            draft.Add(parsed.GetValue(round) is { } number
                ? Report(draft, arena, Whole("--round", number), validator, wanted ?? Penalty(draft), ticket)
                : UnderTicket(draft, protocol["ValidatorSlash"], validator, wanted, ticket, held));
            return await WaveChange.RunAsync(session, parsed, options, "slash", $"Slash the validator {validator} under {ticket}", draft, cancellation).ConfigureAwait(false);
        });
        return command;
    }

    public static Command Refund(CommonOptions options, CommandEnvironment environment)
    {
        var job = new Option<string>("--job") { Description = "the job", HelpName = "ID", Required = true };
        var force = new Option<bool>("--force-refund") { Description = "also when somebody works on it, or it is judged or disputed: the employer gets the whole reward back, the agent the stake unharmed and no pay, a disputant the fee" };
        var command = options.Planned(new Command("refund", "give a job's escrow back to its employer; works while paused") { job, force });
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var id = Whole("--job", parsed.GetValue(job)!);
            var registry = session.Protocol["JobRegistry"];
            var state = await session.ObserveWholeAsync(cancellation).ConfigureAwait(false);
            var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
            var reads = (await PinnedBlock.AtAsync(client, Ethereum.Rpc.BlockReference.At(state.BlockHash), cancellation).ConfigureAwait(false)).NewReads();
            var view = registry.Abi.Function("stateOf(uint256)");
            var stateOf = reads.Call(registry.Address, view, id);
            var record = reads.Call(registry.Address, registry.Abi.Function("jobs(uint256)"), id);
            await reads.SendAsync(cancellation).ConfigureAwait(false);
            var now = (int)stateOf.Value[0].AsInteger();
            var name = now < JobStates.Length ? JobStates[now] : now.ToString(CultureInfo.InvariantCulture);
            if (name is "None" or "Finalized" or "Cancelled")
            {
                throw new ControlException("refund-state", ExitCode.Refused, $"The job {id} is {name}: {(name == "None" ? "there is no such job" : "its escrow is gone")}.", "'agijobs owner escrows' lists the jobs that hold money.");
            }

            if (name != "Created" && !parsed.GetValue(force))
            {
                throw new ControlException("refund-force", ExitCode.Refused, $"The job {id} is {name}: an agent has taken it. A refund gives the employer everything back and the agent the stake unharmed, and no pay for work done.", "Add --force-refund if that is meant.");
            }

            var members = (AbiList)record.Value[0];
            var components = registry.Abi.Function("jobs(uint256)").Outputs[0].Type.Components.ToList();
            AbiValue Of(string member) => members[components.FindIndex(component => component.Name == member)];
            var draft = new WaveDraft(state);
            draft.Add(draft.Call(registry, registry.Abi.Function("forceRefund(uint256)"), [id], ["owner"], Risk.Red, $"job {id} ({name}): {Amount(session.Protocol, Of("reward").AsInteger())} back to the employer {Of("employer").AsAddress()}{(Of("agent").AsAddress() is { IsZero: false } agent ? $", stake {Amount(session.Protocol, Of("stake").AsInteger())} back to the agent {agent} without pay" : "")}", MoveOrder.Act) with
            {
                Before = [State(now)],
                After = [State(Array.IndexOf(JobStates, "Cancelled"))],
                Lasting = "what was paid back is paid back",
            });
            return await WaveChange.RunAsync(session, parsed, options, "refund", $"Refund the job {id}", draft, cancellation).ConfigureAwait(false);

            Expectation State(int value) => new() { Subject = $"JobRegistry.stateOf({id}) = {JobStates[value]}", Target = registry.Address, Call = view.Encode(id), Result = view.EncodeOutput(value) };
        });
        return command;
    }

    public static Command Call(CommonOptions options, CommandEnvironment environment)
    {
        var function = new Argument<string>("function") { Description = "a function that the description lists as an action, such as SelfPlayArena.voidRound", HelpName = "MODULE.FUNCTION" };
        var arguments = new Argument<string[]>("arguments") { Description = "its arguments: decimal numbers in base units, EIP-55 addresses, hex, text", HelpName = "ARGUMENT", Arity = ArgumentArity.ZeroOrMore };
        var command = options.Planned(new Command("call", "make any described action of an office, such as voiding a round") { function, arguments });
        Session.Run(command, options, environment, (session, parsed, cancellation) =>
        {
            var name = parsed.GetValue(function)!;
            var dot = name.IndexOf('.', StringComparison.Ordinal);
            var module = session.Protocol[dot < 0 ? name : name[..dot]];
            var action = module.Actions.FirstOrDefault(candidate => string.Equals(candidate.Function, name[(dot + 1)..], StringComparison.Ordinal) || string.Equals(candidate.Function.Split('(')[0], name[(dot + 1)..], StringComparison.Ordinal))
                ?? throw new ControlException("action-unknown", ExitCode.BadInput, $"{module.Name} has no action '{name[(dot + 1)..]}'. It has {(module.Actions.Count == 0 ? "none" : string.Join(", ", module.Actions.Select(candidate => candidate.Function)))}.", "Name one of these. Values are set with 'owner set', offices with 'owner set-roles'.");
            var called = module.Abi.Function(action.Function);
            var texts = parsed.GetValue(arguments) ?? [];
            if (texts.Length != called.Inputs.Count)
            {
                throw new ControlException("argument-count", ExitCode.BadInput, $"{action.Function} takes {called.Inputs.Count} arguments, and {texts.Length} are given.", $"Give {string.Join(", ", called.Inputs)}.");
            }

            var values = called.Inputs.Zip(texts, (input, text) => ArgumentText.Parse(input.Type, text)).ToList();
            return WaveChange.RunAsync(session, parsed, options, "call", $"{module.Name}.{called.Name}({string.Join(", ", texts)})", draft => draft.Add(draft.Call(module, called, values, action.Callers, action.Risk, $"{module.Name}.{called.Name}: {action.Power}", MoveOrder.Act)), cancellation);
        });
        return command;
    }

    /// <summary>The report of a validator's misconduct, once for each reason in a round.</summary>
    public static Move Report(WaveDraft draft, Module arena, BigInteger round, Address validator, BigInteger amount, string ticket)
    {
        var used = arena.Abi.Function("isPunished(uint256,address,string)");
        return draft.Call(arena, arena.Abi.Function("reportValidatorMisconduct(uint256,address,uint256,string)"), [round, validator, amount, ticket], ["owner", "orchestrator"], Risk.Red, $"slash {validator} by {Amount(draft.State.Protocol, amount)} for misconduct in round {round} under {ticket}", MoveOrder.Act) with
        {
            Before = [Is(arena, used, [round, validator, ticket], $"SelfPlayArena: {validator} was punished in round {round} under {ticket}", false)],
            After = [Is(arena, used, [round, validator, ticket], $"SelfPlayArena: {validator} was punished in round {round} under {ticket}", true)],
            Lasting = "a slashed stake is in the treasury",
        };
    }

    // The stake itself is no precondition: whoever is to be slashed could make the change stale by a deposit.
    private static Move UnderTicket(WaveDraft draft, Module slasher, Address validator, BigInteger? amount, string ticket, BigInteger stake)
    {
        var used = slasher.Abi.Function("isUsed(address,string)");
        var bps = Value(draft, "ValidatorSlash.defaultPenaltyBps");
        return draft.Call(slasher, slasher.Abi.Function("slash(address,uint256,string)"), [validator, amount ?? BigInteger.Zero, ticket], ["owner", "operator"], Risk.Red, $"slash {validator} by {(amount is { } sum ? Amount(draft.State.Protocol, sum) : $"the penalty of {bps} bps, {Amount(draft.State.Protocol, stake * bps / 10_000)} of its stake now")} under {ticket}", MoveOrder.Act) with
        {
            Before = [Is(slasher, used, [validator, ticket], $"ValidatorSlash: {validator} was slashed under {ticket}", false)],
            After = [Is(slasher, used, [validator, ticket], $"ValidatorSlash: {validator} was slashed under {ticket}", true)],
            Lasting = "a slashed stake is in the treasury",
        };
    }

    private static BigInteger Penalty(WaveDraft draft) => Value(draft, "SelfPlayArena.validatorStake") * Value(draft, "ValidatorSlash.defaultPenaltyBps") / 10_000;

    private static BigInteger Value(WaveDraft draft, string parameter) => draft.State.ValueOf(draft.State.Protocol.Parameter(parameter)).Value.AsInteger();

    private static Expectation Is(Module module, AbiFunction view, AbiValue[] arguments, string subject, bool value) => new() { Subject = $"{subject} = {(value ? "true" : "false")}", Target = module.Address, Call = view.Encode(arguments), Result = view.EncodeOutput(value) };

    private static string Amount(Protocol protocol, BigInteger value) => Unit.Of("AGIALPHA", protocol.Tokens).Format(value);

    private static BigInteger Whole(string flag, string text) =>
        BigInteger.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new ControlException("number-format", ExitCode.BadInput, $"{flag} '{text}' is no number.", "Write it in decimal.");
}
