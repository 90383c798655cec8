using AgiJobs.Cli;

return await CommandLine.RunAsync(args, CommandLine.Environment());
