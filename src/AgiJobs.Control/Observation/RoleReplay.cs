using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Observation;

/// <summary>
/// Reads the logs from which holders of roles are found, up to the pinned block, in as large ranges as the node accepts. Which accounts hold a role is then asked of the contract at that block; an account that
/// no event ever named, such as one that was given the role in the constructor without an event, cannot be found so.
/// </summary>
internal static class RoleReplay
{
    private const int Together = 16;
    private const int MostRequests = 20_000;

    /// <summary>The accounts that events named, for each role of the protocol that is found so. Empty and without a read when there is none.</summary>
    /// <param name="client">The node.</param>
    /// <param name="roles">The roles, each with its id where it has one.</param>
    /// <param name="block">The block.</param>
    /// <param name="cancellation">Stops the reads.</param>
    /// <exception cref="EthereumException"><c>block-reorganised</c>.</exception>
    public static async Task<IReadOnlyDictionary<string, Reading<IReadOnlyList<Address>>>> CandidatesAsync(EthereumClient client, IReadOnlyList<(Role Role, Reading<Bytes32?> Id)> roles, PinnedBlock block, CancellationToken cancellation)
    {
        var found = new Dictionary<string, Reading<IReadOnlyList<Address>>>(StringComparer.Ordinal);
        if (roles.Count == 0)
        {
            return found;
        }

        foreach (var group in roles.GroupBy(entry => entry.Role.Module))
        {
            var module = group.Key;
            var filter = new LogFilter { Addresses = [module.Address], Topics = [[.. group.SelectMany(entry => entry.Role.Replay!.Topics).Distinct().Order()]] };
            IReadOnlyList<LogEntry> logs;
            try
            {
                logs = await LogsAsync(client, filter, module.Since.Value, block.Header.Number.Value, cancellation).ConfigureAwait(false);
            }
            catch (EthereumException problem) when (problem.Code is not "rpc-wrong-chain")
            {
                foreach (var (role, _) in group)
                {
                    found[role.FullName] = Reading.Unknown<IReadOnlyList<Address>>($"{role.FullName}: the events of {module.Name} could not be read: {problem.Message}");
                }

                continue;
            }

            foreach (var (role, id) in group)
            {
                found[role.FullName] = Candidates(role, id, logs);
            }
        }

        // A range is given by heights; what was read belongs to this block when it still is on the chain.
        await block.RequireCanonicalAsync(cancellation).ConfigureAwait(false);
        return found;
    }

    private static Reading<IReadOnlyList<Address>> Candidates(Role role, Reading<Bytes32?> id, IReadOnlyList<LogEntry> logs)
    {
        if (!id.TryGet(out var known))
        {
            return Reading.Unknown<IReadOnlyList<Address>>(id.Why!);
        }

        try
        {
            return Reading.Known<IReadOnlyList<Address>>([.. logs.Select(log => role.Replay!.AccountIn(log, known)).OfType<Address>().Where(account => !account.IsZero).Distinct().Order()]);
        }
        catch (EthereumException problem)
        {
            return Reading.Unknown<IReadOnlyList<Address>>($"{role.FullName}: an event of {role.Module.Name} is not what its ABI says: {problem.Message}");
        }
    }

    private static async Task<List<LogEntry>> LogsAsync(EthereumClient client, LogFilter filter, ulong from, ulong to, CancellationToken cancellation)
    {
        var logs = new List<LogEntry>();
        var requests = 0;
        var size = to >= from ? to - from + 1 : 0;
        for (var next = from; next <= to && size > 0;)
        {
            var batch = client.NewBatch();
            var asked = new List<(ulong From, ulong To, RpcSlot<IReadOnlyList<LogEntry>> Slot)>();
            for (var start = next; start <= to && asked.Count < Together; start += size)
            {
                var end = Math.Min(to, start + size - 1);
                asked.Add((start, end, batch.Add(EthRequests.Logs(filter with { From = BlockReference.At(new BlockNumber(start)), To = BlockReference.At(new BlockNumber(end)) }))));
            }

            requests += asked.Count;
            if (requests > MostRequests)
            {
                throw new EthereumException("logs-too-many", Fault.Unknown, $"More than {MostRequests} requests are needed from block {from} on. Write a later block under 'since' in the manifest, or use a node that answers larger ranges.");
            }

            await batch.SendAsync(cancellation).ConfigureAwait(false);
            foreach (var (start, end, slot) in asked)
            {
                if (slot.TryGet(out var part))
                {
                    logs.AddRange(part);
                    next = end + 1;
                }
                else if (end > start && IsTooMuch(slot.Error!))
                {
                    size = Math.Max(1, (end - start + 1) / 2);
                    break;
                }
                else
                {
                    throw slot.Error!;
                }
            }
        }

        return logs;
    }

    // Nodes say in their own words that a range or an answer is too large.
    private static bool IsTooMuch(EthereumException error) =>
        error.Code is "rpc-too-large"
        || (error is RpcException { Code: "rpc-error" } refused && (refused.NodeCode == -32005 || Array.Exists(TooMuch, words => refused.NodeMessage.Contains(words, StringComparison.OrdinalIgnoreCase))));

    private static readonly string[] TooMuch = ["result", "range", "limit", "exceed", "too many", "too large", "more than", "response size", "up to", "maximum", "timeout", "timed out"];
}
