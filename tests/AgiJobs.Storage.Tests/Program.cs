namespace AgiJobs.Storage.Tests;

/// <summary>Runs the tests, or the writer that they kill.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args) => Environment.GetEnvironmentVariable(CommitLoop.LocationVariable) is { Length: > 0 } location
        ? CommitLoop.RunAsync(location)
        : Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions);
}
