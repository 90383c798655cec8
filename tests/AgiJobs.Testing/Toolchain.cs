namespace AgiJobs.Testing;

/// <summary>Where the programs are that npm installed for tests.</summary>
public static class Toolchain
{
    private static readonly Lazy<string> Root = new(FindRoot);

    /// <summary>The folder of the solution file that the running test belongs to.</summary>
    public static string RepositoryRoot => Root.Value;

    /// <summary>The local chain.</summary>
    public static string Anvil => Binary("anvil");

    /// <summary>Foundry's command line, an oracle of many tests.</summary>
    public static string Cast => Binary("cast");

    /// <summary>A file below the repository's root.</summary>
    public static string PathOf(params string[] parts) => Path.Combine([RepositoryRoot, .. parts]);

    private static string Binary(string name)
    {
        var path = PathOf("node_modules", "@foundry-rs", $"{name}-linux-amd64", "bin", name);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing: run npm ci in {RepositoryRoot}.");
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "AgiJobs.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds AgiJobs.slnx.");
    }
}
