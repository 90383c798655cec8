using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Testing;

/// <summary>
/// A local chain on a free loopback port. It ends when it is disposed and also when the test process dies, since a small shell
/// holds it and ends it as soon as its own standard input closes.
/// </summary>
public sealed class Anvil : IAsyncDisposable
{
    // Anvil is the shell's child; the reader of file descriptor 3 (the shell's standard input) notices the end of the test process.
    private const string Supervisor = """
        exec 3<&0
        "$0" "$@" </dev/null 3<&- &
        child=$!
        echo "anvil-pid $child"
        { cat <&3 >/dev/null; kill -TERM $child; } >/dev/null 2>&1 &
        exec 3<&-
        wait $child
        """;

    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(30);

    private readonly AnvilOptions _options;
    private readonly StringBuilder _output = new();
    private Process? _process;
    private int _pid;
    private EthereumClient? _control;

    private Anvil(AnvilOptions options) => _options = options;

    /// <summary>The port that it listens on, also after a restart.</summary>
    public int Port { get; private set; }

    /// <summary>Its chain id.</summary>
    public ChainId ChainId => _options.ChainId;

    /// <summary>The address for HTTP.</summary>
    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>The address for WebSockets.</summary>
    public string WebSocketUrl => $"ws://127.0.0.1:{Port}";

    /// <summary>The ten accounts of the well-known development mnemonic, each with 10,000 ether at the start.</summary>
    public static IReadOnlyList<Address> Accounts { get; } =
    [
        .. new[]
        {
            "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
            "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
            "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
            "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
            "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65",
            "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc",
            "0x976EA74026E726554dB657fA54763abd0C3a0aa9",
            "0x14dC79964da2C08b23698B3D3cc7Ca32193d9955",
            "0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f",
            "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720",
        }.Select(Address.Parse),
    ];

    /// <summary>What it printed so far, for the message of a failing test.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>Starts a chain and waits until it answers.</summary>
    public static async Task<Anvil> StartAsync(AnvilOptions? options = null, CancellationToken cancellationToken = default)
    {
        var anvil = new Anvil(options ?? new AnvilOptions());
        try
        {
            await anvil.LaunchAsync(anvil._options.Port, cancellationToken).ConfigureAwait(false);
            return anvil;
        }
        catch
        {
            await anvil.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>A client of this chain alone.</summary>
    public Task<EthereumClient> ConnectAsync(CancellationToken cancellationToken = default) =>
        EthereumClient.ConnectAsync(RpcOptions.For(Url), ChainId, TimeProvider.System, cancellationToken);

    /// <summary>Kills the chain without warning, as a crash would.</summary>
    public async Task KillAsync()
    {
        try
        {
            using var anvil = Process.GetProcessById(_pid);
            anvil.Kill();
        }
        catch (ArgumentException)
        {
            // It is gone already.
        }

        await EndAsync().ConfigureAwait(false);
    }

    /// <summary>Starts the chain again on the same port, from its state file if it has one, else empty.</summary>
    public async Task RestartAsync(CancellationToken cancellationToken = default)
    {
        await EndAsync().ConfigureAwait(false);
        await LaunchAsync(Port, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Mines blocks.</summary>
    public Task MineAsync(int blocks = 1) => SendAsync("anvil_mine", Quantity(blocks));

    /// <summary>Sets a balance.</summary>
    public Task SetBalanceAsync(Address account, Wei balance) =>
        SendAsync("anvil_setBalance", Hex.Encode(account.ToBytes()), Quantity(balance.Value));

    /// <summary>Puts code at an address.</summary>
    public Task SetCodeAsync(Address account, ReadOnlyMemory<byte> code) =>
        SendAsync("anvil_setCode", Hex.Encode(account.ToBytes()), Hex.Encode(code.Span));

    /// <summary>Sets the count of transactions of an account.</summary>
    public Task SetNonceAsync(Address account, ulong nonce) => SendAsync("anvil_setNonce", Hex.Encode(account.ToBytes()), Quantity(nonce));

    /// <summary>Sets one storage word.</summary>
    public Task SetStorageAsync(Address account, Bytes32 slot, Bytes32 value) =>
        SendAsync("anvil_setStorageAt", Hex.Encode(account.ToBytes()), slot.ToString(), value.ToString());

    /// <summary>Lets <see cref="SendFromAsync"/> send from any account.</summary>
    public Task ImpersonateAsync(Address account) => SendAsync("anvil_impersonateAccount", Hex.Encode(account.ToBytes()));

    /// <summary>Turns mining a block for each transaction on or off.</summary>
    public async Task SetAutomineAsync(bool on) =>
        await (await ControlAsync().ConfigureAwait(false)).RequestAsync(
            "evm_setAutomine", writer => writer.WriteBooleanValue(on)).ConfigureAwait(false);

    /// <summary>Sets the base fee of the next block.</summary>
    public Task SetNextBaseFeeAsync(Wei baseFee) => SendAsync("anvil_setNextBlockBaseFeePerGas", Quantity(baseFee.Value));

    /// <summary>Remembers the state; the result goes to <see cref="RevertAsync"/>.</summary>
    public async Task<string> SnapshotAsync() => (await SendAsync("evm_snapshot").ConfigureAwait(false)).GetString()!;

    /// <summary>Goes back to a remembered state, blocks included.</summary>
    public Task RevertAsync(string snapshot) => SendAsync("evm_revert", snapshot);

    /// <summary>Replaces the last blocks by as many empty ones.</summary>
    public async Task ReorgAsync(int depth) => await (await ControlAsync().ConfigureAwait(false)).RequestAsync("anvil_reorg", writer =>
    {
        writer.WriteNumberValue(depth);
        writer.WriteStartArray();
        writer.WriteEndArray();
    }).ConfigureAwait(false);

    /// <summary>Removes a waiting transaction.</summary>
    public Task DropTransactionAsync(Bytes32 hash) => SendAsync("anvil_dropTransaction", hash.ToString());

    /// <summary>Sends a transaction from an account that the chain itself holds or impersonates; returns its hash.</summary>
    public async Task<Bytes32> SendFromAsync(
        Address from, Address? to, ReadOnlyMemory<byte> data = default, Wei value = default, Gas? gas = null)
    {
        var client = await ControlAsync().ConfigureAwait(false);
        var hash = await client.RequestAsync("eth_sendTransaction", writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("from", Hex.Encode(from.ToBytes()));
            if (to is { } receiver)
            {
                writer.WriteString("to", Hex.Encode(receiver.ToBytes()));
            }

            writer.WriteString("input", Hex.Encode(data.Span));
            writer.WriteString("value", Quantity(value.Value));
            if (gas is { } limit)
            {
                writer.WriteString("gas", Quantity(limit.Value));
            }

            writer.WriteEndObject();
        }).ConfigureAwait(false);
        return Bytes32.Parse(hash.GetString()!);
    }

    /// <summary>Sends as <see cref="SendFromAsync"/> does and waits for the receipt; the chain must be mining by itself.</summary>
    public async Task<TransactionReceipt> ExecuteAsync(Address from, Address? to, ReadOnlyMemory<byte> data = default, Wei value = default)
    {
        var hash = await SendFromAsync(from, to, data, value).ConfigureAwait(false);
        var client = await ControlAsync().ConfigureAwait(false);
        return await Wait.ForAsync(
            $"the receipt of {hash}", async () => await client.ReceiptAsync(hash).ConfigureAwait(false)).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await EndAsync().ConfigureAwait(false);

    private static string Quantity(BigInteger value) => Hex.EncodeQuantity(value);

    private async Task<JsonElement> SendAsync(string method, params string[] parameters) =>
        await (await ControlAsync().ConfigureAwait(false)).RequestAsync(method, writer =>
        {
            foreach (var parameter in parameters)
            {
                writer.WriteStringValue(parameter);
            }
        }).ConfigureAwait(false);

    private async Task<EthereumClient> ControlAsync() => _control ??= await ConnectAsync().ConfigureAwait(false);

    private async Task LaunchAsync(int port, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("/bin/sh")
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (string[])["-c", Supervisor, Toolchain.Anvil, .. _options.CommandLine(port)])
        {
            start.ArgumentList.Add(argument);
        }

        var listening = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        void Read(string? line)
        {
            if (line is null)
            {
                return;
            }

            lock (_output)
            {
                _output.AppendLine(line);
            }

            if (line.StartsWith("anvil-pid ", StringComparison.Ordinal))
            {
                _pid = int.Parse(line.AsSpan("anvil-pid ".Length), CultureInfo.InvariantCulture);
            }
            else if (line.StartsWith("Listening on 127.0.0.1:", StringComparison.Ordinal))
            {
                listening.TrySetResult(int.Parse(line.AsSpan("Listening on 127.0.0.1:".Length), CultureInfo.InvariantCulture));
            }
        }

        process.OutputDataReceived += (_, line) => Read(line.Data);
        process.ErrorDataReceived += (_, line) => Read(line.Data);
        process.Exited += (_, _) => listening.TrySetException(new InvalidOperationException($"anvil ended at once:\n{Output}"));
        process.Start();
        _process = process;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Port = await listening.Task.WaitAsync(StartDeadline, cancellationToken).ConfigureAwait(false);
    }

    private async Task EndAsync()
    {
        if (_control is not null)
        {
            await _control.DisposeAsync().ConfigureAwait(false);
            _control = null;
        }

        if (_process is not { } process)
        {
            return;
        }

        _process = null;
        process.StandardInput.Close();
        using (var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10)))
        {
            try
            {
                await process.WaitForExitAsync(deadline.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }

        process.Dispose();
    }
}
