using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Ethereum.Transactions;

namespace AgiJobs.Control.Execution;

/// <summary>
/// Executes a filed change: journal first, then send, then verify. A process that dies at any point is followed by one that reads the journal and goes on:
/// signed bytes that are on record are sent again as they are, and nothing is signed a second time while the first may still be mined. Of two machines that execute the same change the chain
/// lets one through, by the nonce, the salt or the operation that the transaction is bound to; the other finds that out and says so.
/// </summary>
public sealed class ChangeExecutor(EthereumClient client, Protocol protocol, Workspace workspace, TimeProvider time)
{
    /// <summary>Hears of each step as it is done, for people who wait.</summary>
    public Action<string> OnProgress { get; init; } = _ => { };

    /// <summary>How many blocks, its own included, a transaction needs; at least 1.</summary>
    public int Confirmations { get; init; } = 1;

    /// <summary>How long a sent transaction, or a timelock, is waited for before the command ends with <c>change-undecided</c> or <c>timelock-waiting</c>.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Decides after each transaction of a change that has a <see cref="ChangeDocument.Watch"/> whether the next is sent, given the block of the one before: it throws when not, and is asked again
    /// when the command is run again. Null refuses such a change.
    /// </summary>
    public Func<FiledChange, BlockNumber, CancellationToken, Task>? WatchAsync { get; init; }

    /// <summary>What has to let a change pass before anything is signed; null lets everything pass.</summary>
    public IExecutionGate? Gate { get; init; }

    /// <summary>
    /// Takes each event of the execution for the audit trail: <c>change.signed</c>, <c>change.sent</c>, <c>change.mined</c>, <c>change.verified</c>, <c>change.failed</c>, with
    /// what the journal says of it. After a crash the newest one may come twice. When it fails the execution goes on and says what is missing.
    /// </summary>
    public Func<string, JsonObject, Task> OnEvidence { get; init; } = (_, _) => Task.CompletedTask;

    /// <summary>Executes with one signer, or goes on with an execution that was interrupted.</summary>
    /// <param name="change">The change.</param>
    /// <param name="signer">Who sends: for a direct route the account that holds the role, for a Safe, a statement or a timelock that is due anybody with gas.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <exception cref="ControlException">As the other.</exception>
    /// <exception cref="EthereumException">Those of preparing and sending.</exception>
    public Task<ExecutionResult> ExecuteAsync(FiledChange change, ISigner signer, CancellationToken cancellation) => ExecuteAsync(change, [signer], cancellation);

    /// <summary>Executes, or goes on with an execution that was interrupted.</summary>
    /// <param name="change">The change.</param>
    /// <param name="signers">Who sends: each direct call the account that its route names, all else the first.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <exception cref="ControlException">
    /// <c>change-stale</c>, <c>approvals-missing</c>, <c>authorization-missing</c>, <c>authorization-spent</c>, <c>sender-wrong</c>, <c>outside-window</c>, <c>change-refused</c> (exit 4), <c>timelock-waiting</c> (exit 3),
    /// <c>change-reverted</c>, <c>nonce-taken</c> (exit 1), <c>change-undecided</c> (exit 5), <c>verification-mismatch</c> (exit 6), <c>journal-locked</c>, <c>journal-corrupt</c>; those of <see cref="Gate"/>.
    /// </exception>
    /// <exception cref="EthereumException">Those of preparing and sending.</exception>
    public async Task<ExecutionResult> ExecuteAsync(FiledChange change, IReadOnlyList<ISigner> signers, CancellationToken cancellation)
    {
        if (change.Document.ChainId != client.ChainId)
        {
            throw new ControlException("change-chain", ExitCode.Mismatch, $"The change {change.Id} is for chain {change.Document.ChainId}, and this is chain {client.ChainId}.");
        }

        using var file = Journal.Open(change.JournalPath, time);
        return await new ExecutionRun(this, change, new ExecutionJournal(file, change, OnEvidence, OnProgress), signers).RunAsync(cancellation).ConfigureAwait(false);
    }

    internal EthereumClient Client => client;

    internal Protocol Protocol => protocol;

    internal TimeProvider Time => time;

    // Twice what the node estimates: what a resume writes depends on the second in which it is mined, and gas that is not used is not paid.
    internal TransactionSender Sender { get; } = new(client, options: new SendOptions { GasBuffer = new BasisPoints(10_000) });

    internal ContractAbi Errors { get; } = ContractAbi.Merge([protocol.Abi, RouteCalls.Timelock]);

    internal Task<IReadOnlyList<CheckedExpectation>> CheckAsync(IReadOnlyList<Expectation> expectations, BlockReference block, CancellationToken cancellation) => StateCheck.ReadAsync(client, expectations, block, cancellation);

    internal async Task FileReceiptAsync(FiledChange change, TransactionReceipt receipt, CancellationToken cancellation)
    {
        // As the node gives it, so that it can be compared with any other node's.
        var raw = await client.RequestAsync("eth_getTransactionReceipt", writer => writer.WriteStringValue(receipt.TransactionHash.ToString()), cancellation).ConfigureAwait(false);
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            raw.WriteTo(writer);
        }

        AtomicFile.Write(workspace.Locate("storage", "receipts", change.Document.Network, receipt.TransactionHash + ".json"), [.. buffer.ToArray(), (byte)'\n']);
    }

    internal string Describe(LogEntry log)
    {
        var emitter = protocol.At(log.Address)?.Name ?? log.Address.ToString();
        Bytes32[] topics = [.. log.Topics];
        var abi = protocol.At(log.Address)?.Abi ?? ContractAbi.Merge([SafeAbi.Safe, RouteCalls.Timelock]);
        return abi.TryEvent(topics, out var known) ? $"{emitter}.{known.Name}({known.Decode(topics, log.Data.Span)})" : $"{emitter}: unknown event {(topics.Length > 0 ? topics[0].ToString() : "without topics")}";
    }
}
