using AgiJobs.Control.Approvals;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Configuration;

/// <summary>A workspace of a network that no node answers for, with every file in order.</summary>
internal sealed class ConfigurationGround : IDisposable
{
    private static readonly Address[] Addresses = [.. Enumerable.Range(1, 9).Select(number => new Address([.. Enumerable.Repeat((byte)number, Address.Size)]))];

    public ConfigurationGround()
    {
        Folder = Directory.CreateTempSubdirectory("agijobs-config-").FullName;
        var workspace = Workspace.At(Folder, TestNetwork.ShippedConfig);
        JsonFile.Write(workspace.NetworkPath("main"), new NetworkFile { Version = 1, ChainId = new ChainId(1), Rpc = [new EndpointReference { Url = "http://127.0.0.1:9" }], Safe = Addresses[0] }, WorkspaceJson.Default.NetworkFile);
        JsonFile.Write(workspace.ManifestPath("main"), new ManifestFile { Version = 1, Protocol = "agi-jobs", Modules = new Dictionary<string, ManifestModule>(StringComparer.Ordinal) { ["FeePool"] = new() { Address = Addresses[1] } } }, WorkspaceJson.Default.ManifestFile);
        JsonFile.Write(workspace.SignersPath, new SignersFile { Version = 1, Signers = [new SignerReference { Name = "ann", Kind = SignerKind.Clef, Address = Addresses[2], Url = "http://127.0.0.1:9" }] }, WorkspaceJson.Default.SignersFile);
        JsonFile.Write(
            workspace.OperatorsPath,
            new OperatorsFile
            {
                Version = 1,
                People =
                [
                    Person("ann", 2, Duty.Author), Person("bob", 3, Duty.Approver), Person("cid", 4, Duty.Approver), Person("dee", 5, Duty.Executor), Person("eve", 6, Duty.Commander), Person("sam", 7, Duty.Security), Person("ola", 8, Duty.Operator),
                ],
            },
            WorkspaceJson.Default.OperatorsFile);
        JsonFile.Write(workspace.PolicyPath, ApprovalPolicy.Shipped, WorkspaceJson.Default.PolicyFile);
    }

    public string Folder { get; }

    public string PathOf(string path) => Path.Combine(Folder, path);

    public string Read(string path) => File.ReadAllText(PathOf(path));

    public void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(path))!);
        File.WriteAllText(PathOf(path), text);
    }

    public Task<Outcome> RunAsync(params string[] arguments) => Agijobs.RunAsync(Folder, arguments, Agijobs.Impatient);

    public void Dispose()
    {
        Directory.Delete(Folder, recursive: true);
        if (Directory.Exists(TestNetwork.UserFolderOf(Folder)))
        {
            Directory.Delete(TestNetwork.UserFolderOf(Folder), recursive: true);
        }
    }

    private static Operator Person(string name, int key, Duty duty) => new() { Name = name, Addresses = [Addresses[key]], Duties = [duty] };
}
