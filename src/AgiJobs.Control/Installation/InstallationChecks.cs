using System.Globalization;
using System.Text.Json;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Sealing;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Installation;

/// <summary>Looks at what a workspace's networks need on this machine. Writes nothing, prints no secret and makes no key.</summary>
public static class InstallationChecks
{
    // A chain with people on it has a block at least this often, and a clock that is further off makes windows and deadlines wrong.
    private static readonly TimeSpan OldestBlock = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(15);

    /// <summary>Each node of a network: that it answers, for the right chain, and how its newest block stands to this machine's clock.</summary>
    /// <param name="name">The network.</param>
    /// <param name="network">Its file.</param>
    /// <param name="options">What connections are changed to.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<IReadOnlyList<InstallationCheck>> NodesAsync(string name, NetworkFile network, Func<RpcOptions, RpcOptions> options, TimeProvider time, CancellationToken cancellation)
    {
        var checks = new List<InstallationCheck>();
        for (var index = 0; index < network.Rpc.Count; index++)
        {
            var subject = string.Create(CultureInfo.InvariantCulture, $"{name}: rpc {index}");
            try
            {
                var url = network.Rpc[index].Resolve();
                await using var client = await EthereumClient.ConnectAsync(options(new RpcOptions { Endpoints = [new RpcEndpoint(url)], Rounds = 1 }), network.ChainId, time, cancellation).ConfigureAwait(false);
                var head = client.HeadAtConnect;
                checks.Add(InstallationCheck.Ok(subject, $"{url.Host} answers for chain {network.ChainId}, block {head.Number}"));
                checks.Add(Clock($"{subject}: clock", time.GetUtcNow() - head.Timestamp, network.ChainId));
            }
            catch (EthereumException problem)
            {
                checks.Add(problem.Fault == Fault.Unknown
                    ? InstallationCheck.Unknown(subject, $"{SecretText.Mask(problem.Message)} [{problem.Code}]", $"Start the node or mend its URL in config/networks/{name}.json.")
                    : InstallationCheck.Finding(subject, $"{SecretText.Mask(problem.Message)} [{problem.Code}]", $"Correct the URL or the chain id in config/networks/{name}.json."));
            }
            catch (ControlException problem)
            {
                checks.Add(InstallationCheck.Finding(subject, $"{problem.Message} [{problem.Code}]", problem.Mend ?? $"Correct config/networks/{name}.json."));
            }
        }

        return checks;
    }

    /// <summary>Each signer's key or secret: that it is where its reference says. Remote signers are asked by <c>signer test</c>.</summary>
    public static IEnumerable<InstallationCheck> Signers(string name, NetworkFile network, SignersFile signers)
    {
        foreach (var signer in signers.Signers)
        {
            yield return Signer($"{name}: signer {signer.Name}", network, signer);
        }
    }

    /// <summary>The user's configuration folder, its rights, and where the seal key comes from.</summary>
    /// <param name="seal">What seals secrets.</param>
    /// <param name="hasPublic">True when a network is not a local one, so that the seal key should not lie beside what it seals.</param>
    public static IEnumerable<InstallationCheck> User(Seal seal, bool hasPublic)
    {
        if (seal.User.Path.Length == 0)
        {
            yield return InstallationCheck.Finding("user folder", "the environment names none", "Set AGIJOBS_CONFIG_HOME to a folder of your own.");
            yield break;
        }

        if (!Directory.Exists(seal.User.Path))
        {
            yield return InstallationCheck.Ok("user folder", $"{seal.User.Path} is not made yet: it holds no secret");
        }
        else
        {
            yield return Rights(seal.User.Path);
        }

        yield return seal.KeyPlace.StartsWith("seal.key", StringComparison.Ordinal) && hasPublic
            ? InstallationCheck.Finding("seal key", $"{seal.KeyPlace}: whoever reads the folder reads the secrets in it", "Keep it elsewhere: set AGIJOBS_SEAL_KEY_FILE or AGIJOBS_SEAL_KEY.")
            : Path.IsPathRooted(seal.KeyPlace) && !File.Exists(seal.KeyPlace)
                ? InstallationCheck.Finding("seal key", $"{seal.KeyPlace} does not exist", "Bring the file back, or correct AGIJOBS_SEAL_KEY_FILE.")
                : InstallationCheck.Ok("seal key", seal.KeyPlace);
    }

    /// <summary>A network's audit log: that it can be read.</summary>
    public static InstallationCheck Log(Workspace workspace, Seal seal, string name)
    {
        var subject = $"{name}: audit log";
        try
        {
            var findings = new List<AuditFinding>();
            var count = new AuditArchive(workspace, seal).Entries(name, findings).Count;
            return findings is [var first, ..]
                ? InstallationCheck.Finding(subject, $"{first.Message} [{first.Code}]", $"agijobs evidence log --verify --network {name}")
                : InstallationCheck.Ok(subject, $"{count} entries");
        }
        catch (Exception problem) when (problem is ControlException or IOException or UnauthorizedAccessException)
        {
            return InstallationCheck.Finding(subject, problem.Message, $"agijobs evidence log --verify --network {name}");
        }
    }

    private static InstallationCheck Clock(string subject, TimeSpan age, ChainId chain) =>
        age < -Skew ? InstallationCheck.Finding(subject, string.Create(CultureInfo.InvariantCulture, $"the newest block is {-age.TotalSeconds:0} s ahead of this machine's clock"), "Set the clock (NTP): windows, deadlines and fees depend on it.")
        : age > OldestBlock && chain != ChainId.Local ? InstallationCheck.Finding(subject, string.Create(CultureInfo.InvariantCulture, $"the newest block is {age.TotalSeconds:0} s old"), "The node has fallen behind, or this machine's clock is ahead: compare it with another node.")
        : InstallationCheck.Ok(subject, string.Create(CultureInfo.InvariantCulture, $"the newest block is {Math.Max(0, age.TotalSeconds):0} s old"));

    private static InstallationCheck Signer(string subject, NetworkFile network, SignerReference signer)
    {
        try
        {
            if (SignerBook.Lacking(signer) is { } lacking)
            {
                return InstallationCheck.Finding(subject, $"the reference lacks the key '{lacking}'", "agijobs config lint");
            }

            switch (signer.Kind)
            {
                case SignerKind.Development:
                    return network.ChainId == ChainId.Local ? InstallationCheck.Ok(subject, "a development account") : InstallationCheck.Finding(subject, "a development account, whose key everybody has, on a chain that is not local", "Take it out of this network's signers.");
                case SignerKind.Keystore:
                    _ = Keystore.Load(signer.File!);
                    _ = signer.Password!.Reveal();
                    return InstallationCheck.Ok(subject, "keystore and password are where the reference says");
                case SignerKind.Pkcs11:
                    _ = signer.Pin!.Reveal();
                    return File.Exists(signer.Module) ? InstallationCheck.Ok(subject, "the token's library and the PIN are where the reference says; 'agijobs signer test' asks the token") : InstallationCheck.Finding(subject, $"the token's library {signer.Module} does not exist", "Install it, or correct the reference.");
                default:
                    return InstallationCheck.Ok(subject, $"{signer.Kind}; 'agijobs signer test' asks it");
            }
        }
        catch (ControlException problem)
        {
            return InstallationCheck.Finding(subject, $"{problem.Message} [{problem.Code}]", problem.Mend ?? "Correct the reference.");
        }
        catch (Exception problem) when (problem is EthereumException or IOException or UnauthorizedAccessException or JsonException)
        {
            return InstallationCheck.Finding(subject, problem.Message, "Correct the reference, or bring the keystore back.");
        }
    }

    private static InstallationCheck Rights(string folder)
    {
        try
        {
            UserFolder.RequireOwn(folder, isFolder: true);
            foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos("*", SearchOption.AllDirectories))
            {
                UserFolder.RequireOwn(entry.FullName, entry is DirectoryInfo);
            }

            return InstallationCheck.Ok("user folder", $"{folder} is closed to others");
        }
        catch (ControlException problem)
        {
            return InstallationCheck.Finding("user folder", problem.Message, problem.Mend!);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return InstallationCheck.Unknown("user folder", problem.Message, "Correct its rights.");
        }
    }
}
