using System.Globalization;
using System.Numerics;
using AgiJobs.Control.Description;
using AgiJobs.Control.Funds;
using AgiJobs.Control.Observation;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Deployment.Upgrades;

/// <summary>What does not move when a module is replaced: the old contract keeps it.</summary>
/// <param name="Migration">What people must move or settle by other means, or whose absence is not known. Empty when there is none.</param>
/// <param name="Begins">What the new contract begins without, for people.</param>
public sealed record Remainder(IReadOnlyList<string> Migration, IReadOnlyList<string> Begins)
{
    private static readonly AbiFunction BalanceOf = AbiFunction.Parse("function balanceOf(address) view returns (uint256)");

    /// <summary>Reads it: balances, figures and ledgers of the description, locks that the module holds elsewhere, and links to it that are fixed.</summary>
    /// <param name="client">The node.</param>
    /// <param name="block">The block.</param>
    /// <param name="state">The protocol at that block.</param>
    /// <param name="module">The module that is replaced.</param>
    /// <param name="network">The network's name.</param>
    /// <param name="since">The block from which on a module's events are read.</param>
    /// <param name="cancellation">Stops the reads.</param>
    /// <exception cref="EthereumException"><c>rpc-wrong-chain</c>.</exception>
    public static async Task<Remainder> ReadAsync(EthereumClient client, PinnedBlock block, ProtocolState state, Module module, string network, Func<Module, ulong> since, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(block);
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(module);
        var protocol = state.Protocol;
        var migration = new List<string>();
        var reads = block.NewReads();
        var coin = reads.Balance(module.Address);
        var tokens = protocol.Modules.Where(other => other.Abi.Functions.Any(function => string.Equals(function.Signature, BalanceOf.Signature, StringComparison.Ordinal))).Select(token => (Token: token, Read: reads.Call(token.Address, BalanceOf, module.Address))).ToList();
        var figures = protocol.Figures.Where(figure => figure.Module == module).Select(figure => (Figure: figure, Read: reads.Call(figure.Call))).ToList();
        await reads.SendAsync(cancellation).ConfigureAwait(false);
        Add(coin, "its balance", value => value == Wei.Zero ? null : $"{value} of the chain's coin");
        var symbol = protocol.Tokens.Count == 1 ? Unit.Of(protocol.Tokens.Keys.First(), protocol.Tokens) : null;
        foreach (var (token, read) in tokens)
        {
            Add(read, $"its balance of {token.Name}", value => value[0].AsInteger().IsZero ? null : symbol?.Format(value[0]) ?? $"{value[0].AsInteger().ToString(CultureInfo.InvariantCulture)} base units of {token.Name}");
        }

        foreach (var (figure, read) in figures)
        {
            Add(read, figure.Name, value => value[0].AsInteger() == BigInteger.Zero ? null : $"{figure.Name}: {figure.Unit.Format(value[0])}");
        }

        var ledgers = protocol.Ledgers.ToList();
        foreach (var reading in ledgers.Count == 0 ? [] : await new LedgerReader(client, block, network) { Since = since }.ReadAsync(ledgers, cancellation).ConfigureAwait(false))
        {
            var own = reading.Ledger.Module == module;
            var items = reading.Items.Count(item => own || item.Keys.Any(key => key is AbiAddress address && address.Value == module.Address));
            if (items > 0)
            {
                migration.Add(string.Create(CultureInfo.InvariantCulture, $"{reading.Ledger.Title} ('{reading.Ledger.Name}'): {items}{(own ? "" : $", held in {reading.Ledger.Module.Name} in its name")}"));
            }

            if (own && reading.Unknown.Count > 0)
            {
                migration.Add($"unknown: {reading.Ledger.Title}: {string.Join("; ", reading.Unknown)}");
            }
        }

        foreach (var link in protocol.Modules.Where(other => other != module).SelectMany(other => other.Links).Where(link => link.Setter is null && state.Links.TryGetValue(link.FullName, out var reading) && (!reading.TryGet(out var target) || target == module.Address)))
        {
            migration.Add($"{link.FullName} is fixed and goes on pointing to the old contract: {link.Module.Name} has to be replaced as well");
        }

        var roles = module.Roles.SelectMany(role => new[] { role.Holders?.Name, role.AccessControl?.Name }).OfType<string>().ToList();
        var begins = module.Layout?.Variables.Where(variable => variable.Type.IsHashed).Select(variable => variable.Name).Where(name => !roles.Exists(role => name.Contains(role, StringComparison.OrdinalIgnoreCase))).ToList() ?? [];
        return new Remainder(
            migration,
            module.Layout is null ? [$"which variables {module.Name} keeps is unknown: its artefact has no storage layout"]
            : begins.Count == 0 ? []
            : [$"what the old contract has stored under {string.Join(", ", begins)} stays there; the new one begins with what its constructor and this wave set"]);

        void Add<T>(PinnedRead<T> read, string what, Func<T, string?> say)
        {
            if ((read.TryGet(out var value) ? say(value) : $"unknown: {what}: {read.Error!.Message}") is { } text)
            {
                migration.Add(text);
            }
        }
    }
}
