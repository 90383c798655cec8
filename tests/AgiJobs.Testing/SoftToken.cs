using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace AgiJobs.Testing;

/// <summary>
/// A throw-away PKCS#11 token of SoftHSM in a folder of its own, with secp256k1 keys. SoftHSM reads where its tokens are once in a process, so that all of a process lie in one folder.
/// </summary>
public sealed class SoftToken
{
    private static readonly string[] Places = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so", "/opt/homebrew/lib/softhsm/libsofthsm2.so"];
    private static readonly Lazy<string> Configuration = new(Configure);
    private static int _tokens;

    private SoftToken(string label, string pin)
    {
        Label = label;
        Pin = pin;
    }

    /// <summary>The library.</summary>
    public static string Module => Places.FirstOrDefault(File.Exists) ?? throw new FileNotFoundException("libsofthsm2.so is missing: install the Debian package softhsm2 (eng/prepare test does).");

    /// <summary>The file that <c>SOFTHSM2_CONF</c> names, which programs that are to see the token need too.</summary>
    public static string ConfigurationFile => Configuration.Value;

    /// <summary>The token's label.</summary>
    public string Label { get; }

    /// <summary>The user's PIN.</summary>
    public string Pin { get; }

    /// <summary>Makes a token. Call it before this process loads the library for the first time: SoftHSM lists tokens that came later, but not always its slots.</summary>
    public static async Task<SoftToken> CreateAsync()
    {
        var token = new SoftToken(string.Create(CultureInfo.InvariantCulture, $"agijobs-{Environment.ProcessId}-{Interlocked.Increment(ref _tokens)}"), "4711");
        await RunAsync("--init-token", "--free", "--label", token.Label, "--pin", token.Pin, "--so-pin", "0815");
        return token;
    }

    /// <summary>Puts a new key on the token and gives its private key to the test; the curve is secp256k1 unless said otherwise.</summary>
    public async Task<byte[]> ImportAsync(string keyLabel, string id, string curve = "1.3.132.0.10")
    {
        using var key = ECDsa.Create(ECCurve.CreateFromOid(new Oid(curve)));
        var file = Path.Combine(Path.GetDirectoryName(ConfigurationFile)!, keyLabel + "-" + id + ".pem");
        await File.WriteAllTextAsync(file, key.ExportPkcs8PrivateKeyPem());
        try
        {
            await RunAsync("--import", file, "--token", Label, "--label", keyLabel, "--id", id, "--pin", Pin, "--force");
        }
        finally
        {
            File.Delete(file);
        }

        return key.ExportParameters(includePrivateParameters: true).D!;
    }

    private static async Task RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("softhsm2-util", arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["SOFTHSM2_CONF"] = ConfigurationFile;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"softhsm2-util {string.Join(' ', arguments)} failed: {await output}{await error}");
        }
    }

    // The library reads the variable by getenv, which .NET's own copy of the environment does not reach.
    private static string Configure()
    {
        var folder = Directory.CreateTempSubdirectory("agijobs-softhsm-").FullName;
        var tokens = Directory.CreateDirectory(Path.Combine(folder, "tokens")).FullName;
        var file = Path.Combine(folder, "softhsm2.conf");
        File.WriteAllText(file, $"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n");
        Environment.SetEnvironmentVariable("SOFTHSM2_CONF", file);
        _ = SetVariable("SOFTHSM2_CONF", file, 1);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return file;
    }

    [System.Runtime.InteropServices.DllImport("libc", EntryPoint = "setenv", CharSet = System.Runtime.InteropServices.CharSet.Ansi)]
    private static extern int SetVariable(string name, string value, int overwrite);
}
