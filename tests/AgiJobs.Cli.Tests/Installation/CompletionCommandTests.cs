using System.Diagnostics;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Installation;

public sealed class CompletionCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-completion-").FullName;

    [Fact]
    public async Task A_real_bash_completes_commands_options_values_and_networks()
    {
        Assert.Equal(["pause", "pause-test"], (await CompleteAsync("agijobs", "owner", "pau")).Order(StringComparer.Ordinal));
        Assert.Equal(["--snapshot"], await CompleteAsync("agijobs", "config", "restore", "--sn"));
        Assert.Equal(["create"], await CompleteAsync("agijobs", "--network", "owner", "backup", "cr"));
        Assert.Equal(["pause", "status", "unpause"], (await CompleteAsync("agijobs", "owner", "system-pause", "--action", "")).Order(StringComparer.Ordinal));
        Directory.CreateDirectory(Path.Combine(_folder, "config", "networks"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "config", "networks", "mainnet.json"), "{}");
        Assert.Equal(["mainnet"], await CompleteAsync("agijobs", "config", "show", "--network", "ma"));
        Assert.Empty(await CompleteAsync("agijobs", "owner", "system-pause", "no-such"));
    }

    [Theory]
    [InlineData("zsh", "compdef _agijobs agijobs")]
    [InlineData("fish", "complete -c agijobs")]
    public async Task Each_shell_has_every_command(string shell, string registers)
    {
        var script = (await Agijobs.RunAsync(_folder, ["completion", shell])).Output;
        Assert.Contains(registers, script, StringComparison.Ordinal);
        Assert.All(["system-pause", "--execute", "snapshot", "backup", "completion"], word => Assert.Contains(shell is "fish" && word.StartsWith("--", StringComparison.Ordinal) ? $"-l '{word[2..]}'" : word, script, StringComparison.Ordinal));
    }

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        Assert.False(Directory.Exists(TestNetwork.UserFolderOf(_folder)));
    }

    private async Task<IReadOnlyList<string>> CompleteAsync(params string[] line)
    {
        var script = Path.Combine(_folder, "completion.bash");
        await File.WriteAllTextAsync(script, (await Agijobs.RunAsync(_folder, ["completion", "bash"])).Output);
        var start = new ProcessStartInfo("bash", ["--norc", "--noprofile", "-c", "set -eu; source completion.bash; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _agijobs || true; printf '%s\\n' \"${COMPREPLY[@]-}\"", "bash", .. line]) { WorkingDirectory = _folder, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var bash = Process.Start(start)!;
        var error = bash.StandardError.ReadToEndAsync();
        var output = await bash.StandardOutput.ReadToEndAsync();
        await bash.WaitForExitAsync();
        Assert.Equal("", await error);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
