using System.Diagnostics;
using System.Text.Json.Nodes;
using AgiJobs.Control.Sealing;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests;

/// <summary>What a command ended with.</summary>
internal sealed record Outcome(int Exit, string Output, string Error)
{
    /// <summary>The one JSON document on the output; anything else there fails the test.</summary>
    public JsonObject Json => JsonNode.Parse(Output)!.AsObject();

    /// <summary>The lines of the output.</summary>
    public IReadOnlyList<string> Lines => Output.TrimEnd('\n').Split('\n');

    public override string ToString() => $"exit {Exit}\n{Output}\n{Error}";
}

/// <summary>Runs commands: in this process, or as the real program.</summary>
internal static class Agijobs
{
    /// <summary>Patience with nodes that is short enough for a test of a node that never answers.</summary>
    public static TimeSpan Impatient { get; } = TimeSpan.FromMilliseconds(400);

    /// <summary>The program that owners run, as <c>./test</c> names it; else the one that the build made beside the tests, of the same source and without native code.</summary>
    public static string Program { get; } = Environment.GetEnvironmentVariable("AGIJOBS_PROGRAM") is { Length: > 0 } published ? published : Toolchain.PathOf("artifacts", "bin", "AgiJobs.Cli", Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/')) + "_linux-x64", "agijobs");

    /// <summary>Runs a command in this process, in a folder.</summary>
    public static async Task<Outcome> RunAsync(string folder, IReadOnlyList<string> arguments, TimeSpan? requestTimeout = null, TimeSpan? patience = null, TimeProvider? time = null)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var environment = new CommandEnvironment(output, error, folder, Toolchain.RepositoryRoot, TestNetwork.ShippedConfig, false, time ?? TimeProvider.System)
        {
            Rpc = options => options with { RequestTimeout = requestTimeout ?? options.RequestTimeout, Rounds = 1 },
            Patience = patience ?? TimeSpan.FromSeconds(20),
            Seal = new Seal(UserFolder.At(TestNetwork.UserFolderOf(folder))),
        };
        var exit = await CommandLine.RunAsync([.. arguments], environment);
        return new Outcome(exit, output.ToString(), error.ToString());
    }

    /// <summary>Runs a command in this process against a local network's workspace.</summary>
    public static Task<Outcome> RunAsync(this TestNetwork devnet, params string[] arguments) => RunAsync(devnet.Folder, arguments);

    /// <summary>Has everybody sign a resume whose signature the policy of a local network asks for, besides the Safe's owners.</summary>
    public static async Task SignOffAsync(this TestNetwork devnet, string change)
    {
        foreach (var (duty, signer) in ((string, string)[])[("author", "deployer"), ("security", "moderator"), ("operator", "pauser"), ("commander", "guardian")])
        {
            var signed = await devnet.RunAsync("change", "approve", change, "--duty", duty, "--signer", signer);
            Assert.True(signed.Exit == 0, signed.ToString());
        }
    }

    /// <summary>Leaves approvals unmanaged: the chain's own authority is the only gate.</summary>
    public static void Unmanage(this TestNetwork devnet) => File.Delete(devnet.Workspace.NetworkPolicyPath(TestNetwork.Network));

    /// <summary>Starts the real program in a folder.</summary>
    public static Process Start(string folder, IReadOnlyList<string> arguments, string? temporary = null)
    {
        var start = new ProcessStartInfo(Program, arguments) { WorkingDirectory = folder, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.Environment["AGIJOBS_HOME"] = Toolchain.RepositoryRoot;
        start.Environment["AGIJOBS_CONFIG_HOME"] = TestNetwork.UserFolderOf(folder);
        start.Environment.Remove("AGIJOBS_SEAL_KEY");
        start.Environment.Remove("AGIJOBS_SEAL_KEY_FILE");
        if (temporary is not null)
        {
            start.Environment["TMPDIR"] = temporary;
        }

        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    /// <summary>Runs the real program to its end.</summary>
    public static async Task<Outcome> RunRealAsync(string folder, IReadOnlyList<string> arguments, string? temporary = null)
    {
        using var process = Start(folder, arguments, temporary);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new Outcome(process.ExitCode, await output, await error);
    }
}

/// <summary>One local network for the tests of a class.</summary>
public sealed class DevnetFixture : IAsyncLifetime
{
    public TestNetwork Devnet { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Devnet = await TestNetwork.StartAsync();

    public ValueTask DisposeAsync() => Devnet.DisposeAsync();
}
