using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes.Deployment;

namespace AgiJobs.Deployment.Upgrades;

/// <summary>A contract as it will stand after its deployment through the canonical CREATE2 factory. Immutable.</summary>
/// <param name="Address">Where.</param>
/// <param name="Salt">The salt.</param>
/// <param name="InitCode">Creation code and constructor arguments.</param>
/// <param name="CodeHash">The keccak-256 of its code, immutables included, as running the init code on the block gave it.</param>
/// <param name="Size">The bytes of its code.</param>
/// <param name="Stands">True when exactly this code stands there already.</param>
/// <param name="Left">What the deployment leaves on the chain.</param>
public sealed record PredictedContract(Address Address, Bytes32 Salt, ReadOnlyMemory<byte> InitCode, Bytes32 CodeHash, int Size, bool Stands, StateDifference Left)
{
    // EIP-170 and EIP-3860.
    private const int MostCode = 24_576;
    private const int MostInitCode = 2 * MostCode;

    /// <summary>The factory.</summary>
    public static DeterministicDeployer Factory => DeterministicDeployer.Arachnid;

    /// <summary>The calldata that deploys it.</summary>
    public byte[] Calldata => DeterministicDeployer.Encode(Salt, InitCode.Span);

    /// <summary>Runs the init code through the factory on a block, at the address where it would stand, and holds what is there against the outcome. Two round trips; sends nothing.</summary>
    /// <param name="client">The node.</param>
    /// <param name="block">The state.</param>
    /// <param name="name">The contract's name, for people.</param>
    /// <param name="errors">What its constructor may revert with.</param>
    /// <param name="salt">The salt.</param>
    /// <param name="initCode">Creation code and constructor arguments.</param>
    /// <param name="cancellation">Stops the reads.</param>
    /// <exception cref="ControlException">
    /// <c>factory-missing</c>, <c>factory-code</c>, <c>address-taken</c>, <c>constructor-reverts</c>, <c>code-too-large</c> (exit 4); <c>simulation-unknown</c>, <c>reading-unknown</c> (exit 5).
    /// </exception>
    /// <exception cref="EthereumException"><c>rpc-wrong-chain</c>.</exception>
    public static async Task<PredictedContract> OfAsync(EthereumClient client, PinnedBlock block, string name, ContractAbi errors, Bytes32 salt, ReadOnlyMemory<byte> initCode, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(block);
        ArgumentNullException.ThrowIfNull(errors);
        if (initCode.Length > MostInitCode)
        {
            throw TooLarge("init code", initCode.Length, MostInitCode, "EIP-3860");
        }

        var address = Factory.AddressOf(salt, initCode.Span);
        var reads = block.NewReads();
        var factory = reads.Code(Factory.Address);
        var there = reads.Code(address);
        await reads.SendAsync(cancellation).ConfigureAwait(false);
        var standing = Known(there, $"the code at {address}");
        switch (Known(factory, $"the code of the factory {Factory.Address}"))
        {
            case []:
                throw new ControlException("factory-missing", ExitCode.Refused, $"The CREATE2 factory does not stand at {Factory.Address} on chain {client.ChainId}.", "Deploy it by its published transaction (deterministic-deployment-proxy), then plan again.");
            case var code when !code.AsSpan().SequenceEqual(DeterministicDeployer.RuntimeCode.Span):
                throw new ControlException("factory-code", ExitCode.Refused, $"What stands at {Factory.Address} on chain {client.ChainId} is not the CREATE2 factory: its code is {Keccak256.Hash(code)}.", "Nothing is deployed through a contract that is not the published one.");
        }

        // What stands already is put aside for the trial, so that it can be held against what would come to stand.
        var aside = new StateOverrides();
        if (standing.Length > 0)
        {
            aside[address].Code = [];
            aside[address].Nonce = 0;
        }

        var next = new BlockOverride(new BlockNumber(block.Header.Number.Value + 1), block.Header.Timestamp.AddSeconds(12));
        var call = new CallRequest { To = Factory.Address, Data = DeterministicDeployer.Encode(salt, initCode.Span) };
        var batch = client.NewBatch();
        var calls = batch.Add(SimulationRequests.TraceCalls(call, block.Reference, next, aside));
        var left = batch.Add(SimulationRequests.TraceDifference(call, block.Reference, next, aside));
        await batch.SendAsync(cancellation).ConfigureAwait(false);
        if (!calls.TryGet(out var frame) || !left.TryGet(out var difference))
        {
            throw new ControlException("simulation-unknown", ExitCode.Unknown, $"What the init code of {name} leaves is unknown, because the node does not trace: {(calls.Error ?? left.Error)!.Message}", "Name a node with debug_traceCall in the network's file.");
        }

        if (!frame.Succeeded)
        {
            var inner = frame.All().LastOrDefault(made => made.Kind == CallFrameKind.Create && !made.Succeeded);
            throw new ControlException("constructor-reverts", ExitCode.Refused, $"The constructor of {name} would revert: {(inner is { Output.IsEmpty: false } ? errors.DecodeRevert(inner.Output.Span).Text : inner?.Error ?? frame.Error ?? "no reason given")}.", "Give other values with --arg, or mend the contract.");
        }

        var made = difference.Accounts.TryGetValue(address, out var account) ? account.After.Code : null;
        if (made is null or [])
        {
            throw new ControlException("simulation-unknown", ExitCode.Unknown, $"The node does not tell which code the init code of {name} leaves at {address}.", "Name another node in the network's file.");
        }

        if (made.Length > MostCode)
        {
            throw TooLarge("code", made.Length, MostCode, "EIP-170");
        }

        var hash = Keccak256.Hash(made);
        return standing.Length == 0 || standing.AsSpan().SequenceEqual(made)
            ? new PredictedContract(address, salt, initCode, hash, made.Length, standing.Length > 0, difference)
            : throw new ControlException("address-taken", ExitCode.Refused, $"Other code stands at {address}, where {name} is to be deployed: {Keccak256.Hash(standing)} instead of {hash}.", "Nothing is wired to code that is not the wanted one. Find out what it is; a changed contract or other constructor arguments get another address.");

        ControlException TooLarge(string what, int size, int most, string rule) =>
            new("code-too-large", ExitCode.Refused, string.Create(CultureInfo.InvariantCulture, $"The {what} of {name} has {size} bytes, and no chain takes more than {most} ({rule})."), "Split the contract, or compile it with the optimizer.");
    }

    private static byte[] Known(PinnedRead<byte[]> read, string subject) =>
        read.TryGet(out var code) ? code : throw new ControlException("reading-unknown", ExitCode.Unknown, $"{subject} could not be read: {read.Error!.Message}.", "Run the command again when the node answers.");
}
